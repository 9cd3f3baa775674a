package dev.walshift.engine.museum;

import static java.util.Map.entry;

import dev.walshift.testkit.oracle.Museum;
import dev.walshift.testkit.oracle.Wing;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The wings of the museum that this release refuses to carry over the swap, and what the plan says then. */
final class NotCarried {
    private static final Map<Wing, List<Refusal>> REFUSALS = Map.ofEntries(
            entry(
                    Wing.ROW_TYPE_COLUMNS,
                    List.of(
                            hangs("column many of table {s}.\"ro table\""),
                            hangs("column x of table {s}.\"ro table\""),
                            hangs("constraint ro domain_check"),
                            hangs("type {s}.\"ro domain\""))),
            entry(Wing.SEQUENCE_BORROWERS, List.of(hangs("default value for column x of table {s}.\"b other\""))),
            entry(
                    Wing.RELATIVES,
                    List.of(new Refusal(14, "UNSUPPORTED_TABLE: {t} is a parent or child by inheritance"))),
            entry(
                    Wing.SECURITY_LABELS,
                    List.of(new Refusal(
                            14,
                            "UNSUPPORTED_TABLE: security labels are not carried over (museum: secret on table {t},"
                                    + " museum: top secret on column code of table {t})"))));

    /** @param since the first major on which the wing has such a thing */
    private record Refusal(int since, String line) {}

    private NotCarried() {}

    private static Refusal hangs(String name) {
        return hangs(14, name);
    }

    private static Refusal hangs(int since, String name) {
        return new Refusal(
                since,
                "UNSUPPORTED_DEPENDENT: %s hangs on table {t}, and this release does not carry it over the swap"
                        .formatted(name));
    }

    static Set<Wing> wings() {
        return REFUSALS.keySet();
    }

    /** What is carried. */
    static Set<Wing> others() {
        return EnumSet.complementOf(EnumSet.copyOf(wings()));
    }

    /** What is carried over a change that drops a column: a view that shows it has to go first, by the server's own ALTER too. */
    static Set<Wing> othersWhereColumnsAreDropped() {
        Set<Wing> wings = othersWhereColumnsMove();
        wings.remove(Wing.STAR_VIEWS);
        return wings;
    }

    /** What is carried over a change that puts columns in other places. */
    static Set<Wing> othersWhereColumnsMove() {
        Set<Wing> wings = others();
        wings.remove(Wing.COUNTED_COLUMNS);
        return wings;
    }

    /** The problems, one line each: code, message. */
    static List<String> refusals(Wing wing, int major) {
        return Stream.ofNullable(REFUSALS.get(wing))
                .flatMap(List::stream)
                .filter(refusal -> refusal.since <= major)
                .map(refusal -> Museum.fill(refusal.line))
                .toList();
    }
}
