package dev.walshift.testkit.oracle;

import static java.util.stream.Collectors.toUnmodifiableSet;

import java.util.List;
import java.util.Set;

/**
 * A change of the museum's table.
 *
 * @param clauses what follows {@code ALTER TABLE <table>}, one for each statement; only the first may alter what a
 *     wing holds
 * @param held columns that the server alters only if nothing stands on them, or "rewrite"
 * @param volatileColumns columns that get other values each time
 */
public record MuseumChange(String name, List<String> clauses, Set<String> held, Set<String> volatileColumns) {
    /** Nothing changes, all is written anew. */
    public static final MuseumChange REBUILD = new MuseumChange("rebuild", List.of(), Set.of(), Set.of());

    /** Whatever hangs on the table may stay, but for what holds every column. */
    public static final MuseumChange FREE_COLUMN =
            of("type of a free column", "{free}", "ALTER COLUMN {free} TYPE bigint");

    public static final MuseumChange KEY = of("type of the key", "id", "ALTER COLUMN id TYPE bigint");

    public static final MuseumChange ADDED = new MuseumChange(
            "volatile default",
            List.of("ADD COLUMN \"tökens\" uuid NOT NULL DEFAULT gen_random_uuid()"),
            Set.of(Wing.REWRITE),
            Set.of("tökens"));

    public static final MuseumChange DROPPED =
            of("dropped column", "spare", "DROP COLUMN spare, ALTER COLUMN {free} TYPE text USING {free} || '!'");

    public static final MuseumChange RENAMED = of(
            "renamed columns",
            "{free}",
            "ALTER COLUMN {free} TYPE bigint",
            "RENAME COLUMN \"no\"\"te\" TO \"Ré\"\"mark\"",
            "RENAME COLUMN {free} TO code2");

    public static final MuseumChange CONSTRAINED = of(
            "added constraints and settings",
            "{free}",
            "ADD CONSTRAINT \"add check\" CHECK ({free} > 0), ADD CONSTRAINT \"add unique\" UNIQUE ({free}, code),"
                    + " ALTER {free} SET NOT NULL, ALTER {free} SET DEFAULT 3, ALTER {free} SET STATISTICS 7,"
                    + " ALTER {free} TYPE bigint, SET (fillfactor = 90)");

    public static final List<MuseumChange> ALL =
            List.of(REBUILD, FREE_COLUMN, KEY, ADDED, DROPPED, RENAMED, CONSTRAINED);

    public MuseumChange {
        clauses = clauses.stream().map(Museum::fill).toList();
        held = held.stream().map(Museum::fill).collect(toUnmodifiableSet());
        volatileColumns = Set.copyOf(volatileColumns);
    }

    private static MuseumChange of(String name, String column, String... clauses) {
        return new MuseumChange(name, List.of(clauses), Set.of(column), Set.of());
    }

    @Override
    public String toString() {
        return name;
    }
}
