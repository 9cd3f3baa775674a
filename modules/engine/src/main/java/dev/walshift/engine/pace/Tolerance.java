package dev.walshift.engine.pace;

import java.time.Duration;

/**
 * What a migration may do to the server before it slows down.
 *
 * @param mostShare of its time that it may work, 0 to 1, when all is well
 * @param commitFactor how many times as long as without us a commit may take
 * @param commitMargin that may be added to that, for what can't be measured more exactly
 * @param commitMost at which work stands still, whoever's fault it is
 * @param writeRate part of the transactions a second that write without us, and must go on doing so
 * @param waitingMore backends that may wait for disk or locks beside those that do without us
 * @param checkpoints whether checkpoints that come early because of much WAL are a reason to slow down
 */
record Tolerance(
        double mostShare,
        double commitFactor,
        Duration commitMargin,
        Duration commitMost,
        double writeRate,
        int waitingMore,
        boolean checkpoints) {
    private static final Tolerance POLITE =
            new Tolerance(1, 1.5, Duration.ofMillis(1), Duration.ofSeconds(1), 0.9, 4, false);
    private static final Tolerance NICE =
            new Tolerance(0.5, 1.2, Duration.ofNanos(500_000), Duration.ofMillis(250), 0.95, 1, true);
    private static final Tolerance FULL =
            new Tolerance(1, Double.MAX_VALUE, Duration.ZERO, Duration.ofDays(1), 0, Integer.MAX_VALUE, false);

    static Tolerance of(PaceMode mode) {
        return switch (mode) {
            case FULL, STOP -> FULL;
            case POLITE -> POLITE;
            case NICE -> NICE;
        };
    }
}
