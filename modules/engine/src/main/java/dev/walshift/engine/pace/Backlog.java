package dev.walshift.engine.pace;

import java.time.Duration;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * The least share of its time that work behind the application's writers needs: a quarter of it, and more for as long as what waits does not get
 * less. Slower than the writers it would never end, and the slot and the log of changed keys would grow.
 *
 * <p>Any thread.
 */
public final class Backlog implements DoubleSupplier {
    private static final double LEAST = 0.25;

    private static final double STEP = 0.25;

    /** Below this a step or two are all that is left. */
    private static final long FEW = 20_000;

    private static final Duration INTERVAL = Duration.ofSeconds(2);

    private final LongSupplier waiting;
    private final LongSupplier nanoTime;
    private double share = LEAST;
    private long before;
    private long lookedAt;

    /** @param waiting how much is left to do */
    public Backlog(LongSupplier waiting) {
        this(waiting, System::nanoTime);
    }

    /** @param nanoTime a clock like {@link System#nanoTime} */
    Backlog(LongSupplier waiting, LongSupplier nanoTime) {
        this.waiting = waiting;
        this.nanoTime = nanoTime;
        this.before = waiting.getAsLong();
        this.lookedAt = nanoTime.getAsLong();
    }

    @Override
    public synchronized double getAsDouble() {
        long now = nanoTime.getAsLong();
        if (now - lookedAt >= INTERVAL.toNanos()) {
            long left = waiting.getAsLong();
            if (left <= FEW || left < before / 2) {
                share = Math.max(LEAST, share - STEP);
            } else if (left > before / 10 * 9) {
                share = Math.min(1, share + STEP);
            }
            before = left;
            lookedAt = now;
        }
        return share;
    }
}
