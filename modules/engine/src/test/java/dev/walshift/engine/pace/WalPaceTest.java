package dev.walshift.engine.pace;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WalPaceTest {
    private static final long LIMIT = 1L << 30;
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final StopSignal stop = new StopSignal();
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1);
    private final WalPace pace = new WalPace(clock::get);

    /** As a part of the limit. */
    private void measured(double part) {
        pace.measured((long) (part * LIMIT), Limit.at(LIMIT));
    }

    @AfterEach
    void endThreads() {
        stop.raise();
        threads.close();
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1",
        "0.5, 1",
        "0.6, 0.75",
        "0.7, 0.5",
        "0.8, 0.25",
        "0.87, 0.075",
        "0.89, 0",
        "0.9, 0",
        "1, 0",
        "7, 0"
    })
    void fallsFromFullSpeedAtHalfOfTheLimitToNoneAtNineTenths(double part, double share) {
        measured(part);

        assertThat(pace.share()).isCloseTo(share, within(1e-6));
    }

    @Test
    void aWorkerRestsForAsLongAsItsShareOfTheTimeSays() {
        measured(0.8);

        // A quarter of the time is work: three times as long is rest.
        assertThat(pace.isRested(SECOND, Duration.ofMillis(2_999))).isFalse();
        assertThat(pace.isRested(SECOND, Duration.ofMillis(3_001))).isTrue();
        assertThat(pace.isRested(Duration.ZERO, Duration.ZERO)).isTrue();
    }

    @Test
    void nobodyBeginsNearTheLimit() {
        measured(0.95);

        assertThat(pace.isRested(Duration.ZERO, Duration.ofDays(1))).isFalse();
    }

    @Test
    void countsWhatWasAdmittedSinceTheLastMeasurement() {
        measured(0.4);

        // Half of what is left to nine tenths, and half of the rest.
        assertThat(pace.admit(Duration.ZERO, LIMIT, stop)).isCloseTo(LIMIT / 4, within(2L));
        assertThat(pace.share()).isCloseTo(0.625, within(1e-6));
        assertThat(pace.admit(Duration.ZERO, LIMIT, stop)).isCloseTo(LIMIT / 8, within(2L));
        assertThat(pace.admit(Duration.ZERO, 1_000, stop)).isEqualTo(1_000);

        measured(0.4);
        assertThat(pace.share()).isEqualTo(1);
    }

    @Test
    void aPieceIsNeverTooSmallToBeWorthwhile() {
        pace.measured(870_000, Limit.at(1_000_000L));

        assertThat(pace.admit(Duration.ZERO, LIMIT, stop)).isEqualTo(128 << 10);
        assertThat(pace.share()).isZero();
    }

    @Test
    void goesAtFullSpeedWithoutALimit() {
        pace.measured(LIMIT, Limit.off());

        assertThat(pace.admit(SECOND, LIMIT, stop)).isEqualTo(LIMIT);
        assertThat(pace.share()).isEqualTo(1);
    }

    @Test
    void standsStillWhenNothingWasMeasuredForLong() {
        measured(0.1);
        clock.addAndGet(Duration.ofSeconds(10).toNanos());
        assertThat(pace.share()).isEqualTo(1);

        clock.incrementAndGet();
        assertThat(pace.share()).isZero();

        measured(0.1);
        assertThat(pace.share()).isEqualTo(1);
    }

    @Test
    void whoRestsGoesOnAsSoonAsTheSlotMoves() {
        measured(0.95);
        CompletableFuture<Long> worker = CompletableFuture.supplyAsync(() -> pace.admit(SECOND, 1, stop), threads);
        clock.addAndGet(Duration.ofSeconds(5).toNanos());
        assertThat(worker).isNotDone();
        await().until(pace::slowsDown);

        measured(0.2);

        await().until(worker::isDone);
        assertThat(worker).isCompleted();
        clock.addAndGet(Duration.ofSeconds(3).toNanos());
        assertThat(pace.slowsDown()).isFalse();
    }

    @Test
    void whoRestsCanBeStopped() {
        measured(0.95);
        CompletableFuture<Long> worker = CompletableFuture.supplyAsync(() -> pace.admit(SECOND, 1, stop), threads);

        stop.raise();

        assertThatThrownBy(worker::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(StoppedException.class);
    }

    @Test
    void stopsEvenWithoutARest() {
        stop.raise();

        assertThatThrownBy(() -> pace.admit(Duration.ZERO, 1, stop)).isInstanceOf(StoppedException.class);
        assertThatThrownBy(() -> Pace.FULL.admit(Duration.ZERO, 1, stop)).isInstanceOf(StoppedException.class);
    }
}
