package dev.walshift.engine.pace;

import java.util.Locale;

/**
 * A change of pace.
 *
 * @param from part of its time that the migration worked, 0 to 1
 * @param to part of its time that it works from now on
 * @param reason for people
 */
public record PaceChange(double from, double to, String reason) {
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "pace: %.0f %% after %.0f %%: %s", to * 100, from * 100, reason);
    }
}
