package dev.walshift.engine.table;

import java.time.Duration;

/**
 * How many heap pages the next transaction takes, so that it takes about a wanted time.
 *
 * @param pages of the next one
 * @param maxPages never more, however quick it is
 * @param target wanted time
 */
public record ChunkSize(long pages, long maxPages, Duration target) {
    private static final double SLOWEST_CHANGE = 0.25;

    /** One quick chunk misleads little. */
    private static final double FASTEST_CHANGE = 2.0;

    /** The size after a chunk of {@link #pages} took {@code elapsed}. */
    public ChunkSize after(Duration elapsed) {
        double factor = (double) target.toNanos() / Math.max(1, elapsed.toNanos());
        double next = pages * Math.clamp(factor, SLOWEST_CHANGE, FASTEST_CHANGE);
        return new ChunkSize(Math.clamp(Math.round(next), 1L, maxPages), maxPages, target);
    }
}
