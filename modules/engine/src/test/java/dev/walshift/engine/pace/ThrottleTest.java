package dev.walshift.engine.pace;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.StopSignal;
import dev.walshift.engine.StoppedException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ThrottleTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final StopSignal stop = new StopSignal();
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1);
    private final Throttle throttle = new Throttle(clock::get);

    @AfterEach
    void endThreads() {
        stop.raise();
        threads.close();
    }

    private void open(double share) {
        throttle.set(share, 1, "a reason");
        throttle.rest(false);
    }

    private void later(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    private boolean admits(Duration cost) {
        return throttle.admits(cost.toNanos(), 0);
    }

    @Test
    void nobodyBeginsBeforeTheServerWasMeasured() {
        assertThat(admits(Duration.ZERO)).isFalse();
        throttle.set(1, 1, "");
        assertThat(admits(Duration.ZERO)).isFalse();

        throttle.rest(false);

        assertThat(admits(Duration.ZERO)).isTrue();
    }

    @Test
    void atFullSpeedNobodyWaits() {
        open(1);

        assertThat(admits(SECOND)).isTrue();
        assertThat(admits(SECOND)).isTrue();
        assertThat(throttle.words()).isEmpty();
    }

    @Test
    void aPieceIsPaidForByARestAsLongAsTheShareSays() {
        open(0.25);

        assertThat(admits(SECOND)).isTrue();
        later(Duration.ofMillis(3_999));
        assertThat(admits(SECOND)).isFalse();
        later(Duration.ofMillis(2));
        assertThat(admits(SECOND)).isTrue();
        assertThat(throttle.words()).isEqualTo("slowed down to 25 %: a reason");
    }

    @Test
    void whatHasToGetOnHasAShareOfItsOwn() {
        open(0.05);
        assertThat(throttle.admits(SECOND.toNanos(), 0.5)).isTrue();
        later(Duration.ofMillis(1_999));
        assertThat(throttle.admits(SECOND.toNanos(), 0.5)).isFalse();
        later(Duration.ofMillis(2));
        assertThat(throttle.admits(SECOND.toNanos(), 0.5)).isTrue();

        open(0);
        later(Duration.ofSeconds(9));
        assertThat(throttle.admits(0, 0.5)).isFalse();
    }

    @Test
    void timeThatNobodyUsedIsNotSavedUp() {
        open(0.5);
        later(Duration.ofSeconds(9));

        assertThat(admits(SECOND)).isTrue();
        assertThat(admits(SECOND)).isFalse();
    }

    /** Of two workers at half speed one works while the other one waits. */
    @Test
    void workersShareOneAccount() {
        open(0.5);
        Pace each = throttle.among(2);

        assertThat(each.admit(SECOND, 7, stop)).isEqualTo(7);
        CompletableFuture<Long> second = CompletableFuture.supplyAsync(() -> each.admit(SECOND, 7, stop), threads);
        await().until(throttle::isInUse);
        assertThat(admits(Duration.ZERO)).isFalse();
        assertThat(second).isNotDone();
        // Half of a crew of two for a second is what one of them works in it.
        later(Duration.ofMillis(1_001));

        await().until(second::isDone);
        assertThat(second).isCompletedWithValue(7L);
    }

    @Test
    void whoeverWorksForAllPaysForAll() {
        open(0.5);

        assertThat(throttle.among(1).admit(SECOND, 7, stop)).isEqualTo(7);
        later(Duration.ofMillis(1_999));
        assertThat(admits(Duration.ZERO)).isFalse();
        later(Duration.ofMillis(2));
        assertThat(admits(Duration.ZERO)).isTrue();
    }

    @Test
    void standsStillAndGoesOn() {
        open(0);
        CompletableFuture<Long> worker =
                CompletableFuture.supplyAsync(() -> throttle.among(1).admit(Duration.ZERO, 1, stop), threads);
        CompletableFuture<Void> next = CompletableFuture.runAsync(() -> throttle.awaitGo(stop), threads);
        await().until(throttle::isInUse);
        assertThat(worker).isNotDone();
        assertThat(next).isNotDone();
        assertThat(throttle.words()).isEqualTo("standing still: a reason");

        open(0.05);

        await().until(() -> worker.isDone() && next.isDone());
        assertThat(worker).isCompleted();
        assertThat(next).isCompleted();
    }

    @Test
    void restsForAMeasurementWhateverTheShare() {
        open(1);
        throttle.rest(true);
        assertThat(admits(Duration.ZERO)).isFalse();
        // What cannot go slowly is not held back by it.
        throttle.awaitGo(stop);

        throttle.rest(false);
        assertThat(admits(Duration.ZERO)).isTrue();
    }

    @Test
    void slowsDownWhenNothingWasMeasuredForLong() {
        open(1);
        later(Duration.ofSeconds(10));
        assertThat(throttle.share()).isEqualTo(1);

        later(Duration.ofNanos(1));
        assertThat(throttle.share()).isEqualTo(ShareControl.LEAST);
        assertThat(throttle.words()).as("nobody waits").isEmpty();
        assertThat(admits(Duration.ZERO)).isTrue();
        assertThat(throttle.words()).isEqualTo("slowed down: for 10 s nothing could be measured");

        open(1);
        assertThat(throttle.share()).isEqualTo(1);
    }

    @Test
    void doesNotWaitForEverForAMeasurement() {
        throttle.set(1, 1, "");
        throttle.rest(true);
        assertThat(admits(Duration.ZERO)).isFalse();

        later(Duration.ofSeconds(11));

        assertThat(admits(Duration.ZERO)).isTrue();
    }

    @Test
    void whatStandsStillDoesNotGoOnBecauseNothingIsMeasured() {
        open(0);

        later(Duration.ofHours(1));

        assertThat(throttle.share()).isZero();
        assertThat(throttle.words()).isEqualTo("standing still: a reason");
    }

    @Test
    void isInUseWhileSomebodyAsksOrAPieceMayBeUnderWay() {
        open(1);
        assertThat(throttle.isInUse()).isFalse();
        long unused = throttle.among(1).admit(Duration.ofSeconds(2), 1, stop);

        later(Duration.ofMillis(5_999));
        assertThat(throttle.isInUse()).isTrue();
        later(Duration.ofMillis(1));
        assertThat(throttle.isInUse()).isFalse();
    }

    @Test
    void tellsThePartOfTheTimeThatWentByWaiting() {
        assertThat(throttle.rested()).isZero();
        throttle.paid(SECOND.toNanos(), 0);
        assertThat(throttle.rested()).isZero();

        throttle.paid(SECOND.toNanos(), 3 * SECOND.toNanos());

        assertThat(throttle.rested()).isEqualTo(0.6);
    }

    @Test
    void whoWaitsCanBeStopped() {
        open(0);
        CompletableFuture<Long> worker =
                CompletableFuture.supplyAsync(() -> throttle.among(1).admit(SECOND, 1, stop), threads);
        CompletableFuture<Void> next = CompletableFuture.runAsync(() -> throttle.awaitGo(stop), threads);

        stop.raise();

        assertThatThrownBy(worker::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(StoppedException.class);
        assertThatThrownBy(next::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(StoppedException.class);
    }

    @Test
    void whatTwoPacesAdmitIsTheLessOfBoth() {
        open(1);
        Pace little = (work, wanted, signal) -> Math.min(wanted, 5);

        assertThat(little.and(throttle.among(1)).admit(SECOND, 7, stop)).isEqualTo(5);
        assertThat(throttle.among(1).and(little).admit(SECOND, 7, stop)).isEqualTo(5);
        throttle.rest(true);
        CompletableFuture<Long> both = CompletableFuture.supplyAsync(
                () -> little.and(throttle.among(1)).admit(SECOND, 7, stop), threads);
        await().until(throttle::isInUse);
        assertThat(both).isNotDone();
    }
}
