package dev.walshift.engine.migration;

import java.time.Duration;

/**
 * How a migration goes on by itself after it lost its sessions.
 *
 * @param attempts how often, without getting any further, before it leaves going on to the operator: losing them again and again may be its own doing
 * @param patience how long to wait, each time, for a server that does not answer or still holds the lock of the lost session
 * @param pause before the first look whether it does; twice as long at each further attempt
 */
public record ReconnectSettings(int attempts, Duration patience, Duration pause) {
    private static final int MOST_DOUBLINGS = 6;

    /** Never by itself. */
    public static final ReconnectSettings NEVER = new ReconnectSettings(0, Duration.ZERO, Duration.ZERO);

    Duration pauseAfter(int losses) {
        return pause.multipliedBy(1L << Math.min(losses, MOST_DOUBLINGS));
    }
}
