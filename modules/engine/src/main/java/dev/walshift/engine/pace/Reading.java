package dev.walshift.engine.pace;

import java.util.Comparator;
import java.util.List;

/**
 * What a signal tells.
 *
 * @param level how bad it is
 * @param reason for people; empty if all is well
 */
public record Reading(Level level, String reason) {
    /** From good to bad. */
    public enum Level {
        FINE,
        /** Nobody knows: whoever can't measure slows down. */
        UNKNOWN,
        /** A limit is passed at which work slows down. */
        SLOW,
        /** A limit is passed at which work stands still. */
        STILL
    }

    static final Reading FINE = new Reading(Level.FINE, "");

    static Reading unknown(String reason) {
        return new Reading(Level.UNKNOWN, reason);
    }

    static Reading slow(String reason) {
        return new Reading(Level.SLOW, reason);
    }

    public static Reading still(String reason) {
        return new Reading(Level.STILL, reason);
    }

    /** What counts if several signals tell different things. */
    static Reading worst(List<Reading> readings) {
        return readings.stream().max(Comparator.comparing(Reading::level)).orElse(FINE);
    }
}
