package dev.walshift.engine.pace;

import java.util.Locale;

/** How careful a migration is with the application beside it. */
public enum PaceMode {
    /** Nothing is measured but what the operator asks for: a query, a file, the limits. */
    FULL,
    /** Slower as soon as the application's commits take noticeably longer than without us; full speed otherwise. */
    POLITE,
    /** At most half of the time, and slower at the first signs. */
    NICE,
    /** Stands still. */
    STOP;

    /** As it is written in commands. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
