package dev.walshift.engine.pace;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Tells of changes of pace, each with its reason, but not of every small step while it rises or falls. One thread. */
final class PaceNews {
    private static final Duration BETWEEN = Duration.ofSeconds(5);
    private static final String WELL = "all is well";

    private final Consumer<PaceChange> events;
    private final LongSupplier nanoTime;
    private double told;
    private long toldAt;
    private String latestReason = "it begins slowly, as others use the server";

    /**
     * @param first share that nobody need be told of
     * @param nanoTime a clock like {@link System#nanoTime}
     */
    PaceNews(double first, Consumer<PaceChange> events, LongSupplier nanoTime) {
        this.events = events;
        this.nanoTime = nanoTime;
        this.told = first;
        this.toldAt = nanoTime.getAsLong();
    }

    /**
     * Takes notice of the share as it is now.
     *
     * @param most what it would be if all were well
     * @param reason why it is so; empty if all is well
     */
    void share(double share, double most, String reason) {
        long now = nanoTime.getAsLong();
        latestReason = reason.isEmpty() ? latestReason : reason;
        boolean turn = share == 0 || told == 0 || share >= most || told >= most;
        if (share != told && (turn || now - toldAt >= BETWEEN.toNanos())) {
            events.accept(new PaceChange(told, share, share > told && reason.isEmpty() ? WELL : latestReason));
            told = share;
            toldAt = now;
        }
    }
}
