package dev.walshift.engine.verify;

import java.util.List;

/**
 * Rows that should be equal and are not.
 *
 * @param kind what is wrong with them
 * @param keys their keys as text; at most a few
 */
public record Difference(Kind kind, List<String> keys) {
    public Difference {
        keys = List.copyOf(keys);
    }

    public enum Kind {
        MISSING_OR_DIFFERENT_IN_SHADOW,
        NOT_IN_SOURCE
    }
}
