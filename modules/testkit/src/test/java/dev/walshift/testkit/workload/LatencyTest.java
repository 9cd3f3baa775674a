package dev.walshift.testkit.workload;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class LatencyTest {
    private final Latency.Recorder recorder = new Latency.Recorder();

    @Test
    void answersAtMostAThirtysecondAboveTheTruth() {
        for (long micros : List.of(0L, 1L, 31L, 32L, 63L, 64L, 65L, 100L, 12_345L, 999_999L, 3_600_000_000L)) {
            Latency before = recorder.snapshot();
            recorder.record(micros * 1_000);
            Duration answer = recorder.snapshot().since(before).worst();
            assertThat(answer.toNanos() / 1_000).isBetween(micros, micros + micros / 32 + 1);
        }
    }

    @Test
    void ranksAreExact() {
        for (int millis = 1; millis <= 100; millis++) {
            recorder.record(Duration.ofMillis(millis).toNanos());
        }
        Latency latency = recorder.snapshot();
        assertThat(latency.count()).isEqualTo(100);
        assertThat(latency.p50()).isBetween(Duration.ofMillis(50), Duration.ofMillis(52));
        assertThat(latency.p99()).isBetween(Duration.ofMillis(99), Duration.ofMillis(103));
        assertThat(latency.percentile(0.001)).isBetween(Duration.ofMillis(1), Duration.ofNanos(1_040_000));
        assertThat(Latency.none().p99()).isZero();
    }
}
