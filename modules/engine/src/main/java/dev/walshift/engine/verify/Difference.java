package dev.walshift.engine.verify;

import java.util.List;

/**
 * A row that should be equal in both tables and is not. Names it, and no other value of it.
 *
 * @param kind what is wrong with it
 * @param key its key as text
 * @param columns of the new table that differ; only with {@link Kind#DIFFERENT}
 */
public record Difference(Kind kind, String key, List<String> columns) {
    public Difference {
        columns = List.copyOf(columns);
    }

    /** What can be wrong with a row; kept by these names in the table of differences. */
    public enum Kind {
        MISSING_IN_SHADOW,
        DIFFERENT,
        NOT_IN_SOURCE
    }

    @Override
    public String toString() {
        return switch (kind) {
            case MISSING_IN_SHADOW -> "%s is missing".formatted(key);
            case DIFFERENT -> "%s differs in %s".formatted(key, String.join(", ", columns));
            case NOT_IN_SOURCE -> "%s is not in the table in use".formatted(key);
        };
    }
}
