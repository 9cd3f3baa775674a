package dev.walshift.engine.pace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.pace.Reading.Level;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each signal makes of what it measured. */
class SignalsTest {
    private static final long GB = 1L << 30;

    private final AtomicLong clock = new AtomicLong();

    @ParameterizedTest
    @CsvSource({
        "POLITE, 4, FINE",
        "POLITE, 7, FINE",
        "POLITE, 7.1, SLOW",
        "POLITE, 1000, SLOW",
        "POLITE, 1001, STILL",
        "POLITE, 2999, STILL",
        "POLITE, 3000, UNKNOWN",
        "NICE, 5.3, FINE",
        "NICE, 5.4, SLOW",
        "NICE, 251, STILL",
        "FULL, 2999, FINE"
    })
    void aCommitMayTakeLittleLongerThanWithoutUs(PaceMode mode, double millis, Level level) {
        CanaryCommit canary = new CanaryCommit();
        Reading unused = canary.judge(4_000_000, Tolerance.of(mode));

        assertThat(canary.judge((long) (millis * 1e6), Tolerance.of(mode)).level())
                .isEqualTo(level);
    }

    @Test
    void aCommitThatDoesNotEndWithoutUsEitherIsNotOurDoing() {
        CanaryCommit canary = new CanaryCommit();

        assertThat(canary.judge(3_000_000_000L, Tolerance.of(PaceMode.NICE))).isEqualTo(Reading.FINE);
        assertThat(canary.judge(4_000_000_000L, Tolerance.of(PaceMode.NICE))).isEqualTo(Reading.FINE);
    }

    @Test
    void tellsHowLongACommitTakes() {
        CanaryCommit canary = new CanaryCommit();
        Reading unused = canary.judge(12_000_000, Tolerance.of(PaceMode.POLITE));

        assertThat(canary.judge(48_000_000, Tolerance.of(PaceMode.POLITE)))
                .isEqualTo(Reading.slow("a commit takes 48 ms, and 12 ms without walshift"));
        assertThat(canary.without()).isEqualTo(Duration.ofMillis(12));
    }

    @Test
    void ofAllReadingsTheWorstCounts() {
        assertThat(Reading.worst(List.of())).isEqualTo(Reading.FINE);
        assertThat(Reading.worst(List.of(Reading.slow("a"), Reading.still("b"), Reading.FINE, Reading.unknown("c")))
                        .reason())
                .isEqualTo("b");
        assertThat(Reading.worst(List.of(Reading.FINE, Reading.unknown("c"))).reason())
                .isEqualTo("c");
    }

    private static ReplicaLag.Replica replica(String name, int seconds, double gigabytes) {
        return new ReplicaLag.Replica(name, seconds * 1_000L, (long) (gigabytes * GB));
    }

    private static Level lag(ReplicaLag lag, ReplicaLag.Replica... replicas) {
        return lag.judge(List.of(replicas)).level();
    }

    @Test
    void replicasMayBeBehindALittleInTimeAndInBytes() {
        ReplicaLag lag = new ReplicaLag(Duration.ofSeconds(10), Optional.empty());

        assertThat(lag(lag, replica("a", 0, 0), replica("b", 0, 0))).isEqualTo(Level.FINE);
        assertThat(lag(lag, replica("a", 10, 1), replica("b", 0, 0))).isEqualTo(Level.FINE);
        assertThat(lag(lag, replica("a", 0, 0), replica("b", 11, 0))).isEqualTo(Level.SLOW);
        assertThat(lag(lag, replica("a", 0, 1.1), replica("b", 0, 0))).isEqualTo(Level.SLOW);
        assertThat(lag(lag, replica("a", 0, 0), replica("b", 41, 0))).isEqualTo(Level.STILL);
        assertThat(lag.judge(List.of(replica("a", 11, 0))).reason())
                .isEqualTo("replica a is 11 s and 0 bytes of WAL behind");
    }

    @Test
    void whatAReplicaWasBehindBeforeIsItsOwn() {
        ReplicaLag lag = new ReplicaLag(Duration.ofSeconds(10), Optional.empty());

        assertThat(lag(lag, replica("delayed", 3_600, 50))).isEqualTo(Level.FINE);
        assertThat(lag(lag, replica("delayed", 3_610, 51))).isEqualTo(Level.FINE);
        assertThat(lag(lag, replica("delayed", 3_611, 51))).isEqualTo(Level.SLOW);
    }

    @Test
    void onlyChosenReplicasMatterAndMustBeThere() {
        ReplicaLag lag = new ReplicaLag(Duration.ofSeconds(10), Optional.of(List.of("a", "b")));

        assertThat(lag(lag, replica("a", 0, 0), replica("b", 0, 0), replica("c", 0, 0)))
                .isEqualTo(Level.FINE);
        assertThat(lag(lag, replica("a", 0, 0), replica("b", 0, 0), replica("c", 99, 9)))
                .isEqualTo(Level.FINE);
        assertThat(lag.judge(List.of(replica("a", 0, 0)))).isEqualTo(Reading.unknown("replica b is not connected"));
    }

    @Test
    void otherSlotsMustNotFallBackBecauseOfUs() {
        OtherSlots slots = new OtherSlots("ours");
        OtherSlots.Slot before = new OtherSlots.Slot("theirs", 50 * GB, false);
        assertThat(slots.judge(List.of(before)).level()).isEqualTo(Level.FINE);

        assertThat(slots.judge(List.of(new OtherSlots.Slot("theirs", 51 * GB, false))))
                .isEqualTo(Reading.FINE);
        assertThat(slots.judge(List.of(new OtherSlots.Slot("theirs", 51 * GB + 1, false))))
                .isEqualTo(Reading.slow("replication slot theirs is 51 GB behind"));
        assertThat(slots.judge(List.of(new OtherSlots.Slot("theirs", 50 * GB, true)))
                        .level())
                .isEqualTo(Level.STILL);
        assertThat(slots.judge(List.of(new OtherSlots.Slot("lost", 0, true))).level())
                .isEqualTo(Level.FINE);
    }

    @Test
    void checkpointsThatComeTooOftenAreNoticedForAsLongAsTheServerWouldWarn() {
        EarlyCheckpoints checkpoints = new EarlyCheckpoints(clock::get);
        assertThat(checkpoints.judge(70)).isEqualTo(Reading.FINE);
        assertThat(checkpoints.judge(71)).isEqualTo(Reading.FINE);
        clock.addAndGet(Duration.ofSeconds(29).toNanos());

        assertThat(checkpoints.judge(72))
                .isEqualTo(Reading.slow("2 checkpoints were requested within 30 s, see max_wal_size"));
        clock.addAndGet(Duration.ofSeconds(2).toNanos());
        assertThat(checkpoints.judge(72)).isEqualTo(Reading.FINE);
    }

    private static WriteRate.Count half(long transactions) {
        return new WriteRate.Count(transactions, 500_000_000);
    }

    private static Reading thrice(WriteRate rate, long transactions, PaceMode mode) {
        Reading reading = Reading.FINE;
        for (int look = 1; look <= 3; look++) {
            reading = rate.judge(half(transactions), Tolerance.of(mode));
        }
        return reading;
    }

    @Test
    void theApplicationMustGoOnWritingAsMuch() {
        WriteRate rate = new WriteRate();
        rate.calibrated(half(10_000));

        assertThat(thrice(rate, 8_960, PaceMode.POLITE)).isEqualTo(Reading.FINE);
        assertThat(thrice(rate, 8_800, PaceMode.POLITE))
                .isEqualTo(Reading.slow("17600 transactions a second write, and 20000 without walshift"));
        assertThat(thrice(rate, 8_960, PaceMode.NICE).level()).isEqualTo(Level.SLOW);
        assertThat(thrice(rate, 0, PaceMode.FULL)).isEqualTo(Reading.FINE);
    }

    @Test
    void fewTransactionsTellNothingAndMoreAreTheNewMeasure() {
        WriteRate rate = new WriteRate();
        rate.calibrated(half(49));
        assertThat(thrice(rate, 0, PaceMode.POLITE)).isEqualTo(Reading.FINE);

        rate.calibrated(half(100));
        // 300 were expected, 270 would be enough, and 235 come by chance now and then.
        assertThat(thrice(rate, 79, PaceMode.POLITE)).isEqualTo(Reading.FINE);
        assertThat(thrice(rate, 78, PaceMode.POLITE).level()).isEqualTo(Level.SLOW);

        assertThat(thrice(rate, 10_000, PaceMode.POLITE)).isEqualTo(Reading.FINE);
        assertThat(thrice(rate, 5_000, PaceMode.POLITE).level()).isEqualTo(Level.SLOW);
    }

    @Test
    void backendsThatWaitAllTheTimeAreNoticedIfTheyDidNotBefore() {
        WaitingBackends waiting = new WaitingBackends();
        Tolerance polite = Tolerance.of(PaceMode.POLITE);
        waiting.calibrated(3);

        for (int look = 1; look <= 5; look++) {
            assertThat(waiting.judge(8, polite)).isEqualTo(Reading.FINE);
        }
        assertThat(waiting.judge(8, polite))
                .isEqualTo(Reading.slow("8 backends wait for the disk or for locks, and 3 without walshift"));
        assertThat(waiting.judge(7, polite)).isEqualTo(Reading.FINE);
        assertThat(waiting.judge(99, polite)).isEqualTo(Reading.FINE);
    }
}
