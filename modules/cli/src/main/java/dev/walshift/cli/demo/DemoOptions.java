package dev.walshift.cli.demo;

import java.time.Duration;

/**
 * How large a demonstration.
 *
 * @param rows in the table at the start, 1 to 100,000,000
 * @param writers sessions that write, 1 to 64
 * @param undisturbed how long the writers are watched before the migration, and again after it
 * @param keep how long the server is kept at the end
 */
public record DemoOptions(int rows, int writers, Duration undisturbed, Duration keep) {
    /** Long enough for a fair picture of the writers. */
    public static final Duration USUALLY_UNDISTURBED = Duration.ofSeconds(3);

    private static final int MAX_ROWS = 100_000_000;
    private static final int MAX_WRITERS = 64;

    public DemoOptions {
        if (rows < 1 || rows > MAX_ROWS) {
            throw new IllegalArgumentException("rows must be 1 to %d, got %d".formatted(MAX_ROWS, rows));
        }
        if (writers < 1 || writers > MAX_WRITERS) {
            throw new IllegalArgumentException("writers must be 1 to %d, got %d".formatted(MAX_WRITERS, writers));
        }
        if (keep.isNegative()) {
            throw new IllegalArgumentException("the server can't be kept for %d s".formatted(keep.toSeconds()));
        }
    }
}
