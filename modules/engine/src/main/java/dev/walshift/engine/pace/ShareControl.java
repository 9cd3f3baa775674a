package dev.walshift.engine.pace;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Sets the part of its time that a migration may work: half of it whenever a limit is passed, a little more each second while all is
 * well (additive increase, multiplicative decrease), nothing while a hard limit is passed.
 *
 * <p>One thread. The clock is handed in.
 */
final class ShareControl {
    /** A migration that got slower without an end would keep WAL on the server without an end. */
    static final double LEAST = 0.05;

    private static final double START = 0.25;
    private static final double DECREASE = 0.5;
    private static final double INCREASE_PER_SECOND = 0.05;

    /** What is measured before the workers' present pieces are over says nothing about the last decrease. */
    private static final Duration TAKES_EFFECT = Duration.ofSeconds(1);

    /** Of rise at once, however long nothing was taken notice of. */
    private static final Duration LONGEST_RISE = Duration.ofSeconds(1);

    private final LongSupplier nanoTime;
    private double most;
    private double share;
    private boolean still;
    private long tookAt;
    private long decreasedAt;

    /**
     * Begins with all that is allowed.
     *
     * @param nanoTime a clock like {@link System#nanoTime}
     */
    ShareControl(double most, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.most = most;
        this.share = most;
        this.tookAt = nanoTime.getAsLong();
        this.decreasedAt = tookAt - TAKES_EFFECT.toNanos();
    }

    /** Changes what is allowed when all is well; what is allowed now follows. */
    void most(double newMost) {
        most = newMost;
        share = Math.min(share, most);
    }

    double most() {
        return most;
    }

    /** All that is allowed. */
    void full() {
        share = most;
    }

    /** Begins slowly, as nobody knows yet what the server can bear beside those who use it. */
    void slowStart() {
        share = Math.min(share, START);
    }

    double share() {
        return still ? 0 : share;
    }

    /** Takes notice of how things are. */
    void take(Reading.Level level) {
        long now = nanoTime.getAsLong();
        switch (level) {
            case FINE -> rise(now);
            case UNKNOWN, SLOW -> {
                if (now - decreasedAt >= TAKES_EFFECT.toNanos()) {
                    share = Math.max(LEAST, share * DECREASE);
                    decreasedAt = now;
                }
            }
            // Whoever goes on after a stop begins with little.
            case STILL -> share = LEAST;
        }
        still = level == Reading.Level.STILL;
        tookAt = now;
    }

    private void rise(long now) {
        double seconds = Math.min(now - tookAt, LONGEST_RISE.toNanos()) / 1e9;
        share = Math.min(most, share + INCREASE_PER_SECOND * seconds);
    }
}
