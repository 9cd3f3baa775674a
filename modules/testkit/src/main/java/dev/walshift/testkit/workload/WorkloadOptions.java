package dev.walshift.testkit.workload;

import java.time.Duration;

/**
 * How a workload behaves.
 *
 * @param seed of all random choices
 * @param writers threads, each with a connection of its own
 * @param pause of each writer between two transactions; zero for none
 */
public record WorkloadOptions(long seed, int writers, Mix mix, Duration pause) {
    public WorkloadOptions {
        if (writers < 1) {
            throw new IllegalArgumentException("writers must be 1 or more, got %d".formatted(writers));
        }
        if (pause.isNegative()) {
            throw new IllegalArgumentException("pause must not be negative, got %s".formatted(pause));
        }
    }

    /** Every operation, as fast as possible. */
    public static WorkloadOptions of(long seed, int writers) {
        return new WorkloadOptions(seed, writers, Mix.everything(), Duration.ZERO);
    }

    public WorkloadOptions with(Mix otherMix) {
        return new WorkloadOptions(seed, writers, otherMix, pause);
    }

    public WorkloadOptions with(Duration otherPause) {
        return new WorkloadOptions(seed, writers, mix, otherPause);
    }
}
