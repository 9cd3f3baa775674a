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
                    Wing.UNCHECKED_CONSTRAINTS,
                    List.of(
                            unchecked(14, "u not valid is NOT VALID"),
                            unchecked(18, "u not enforced is NOT ENFORCED"),
                            unchecked(18, "u not null is NOT VALID"))),
            entry(
                    Wing.STATISTICS_ELSEWHERE,
                    List.of(new Refusal(
                            14,
                            "UNSUPPORTED_DEPENDENT: statistics \"else whère\".\"st away\" are in another schema than"
                                    + " their table"))),
            entry(
                    Wing.FOREIGN_KEYS,
                    List.of(
                            hangs("constraint fk composite on table {t}"),
                            hangs("constraint fk in composite on table {s}.\"Línes\""),
                            hangs("constraint fk in not valid on table {s}.invoices"),
                            hangs("constraint fk in on table {s}.\"Línes\""),
                            hangs(18, "constraint fk not enforced on table {t}"),
                            hangs("constraint fk not valid on table {t}"),
                            hangs("constraint fk out on table {t}"),
                            hangs(18, "constraint fk period on table {s}.guests"),
                            hangs("constraint fk same column on table {t}"),
                            hangs("constraint fk self on table {t}"),
                            hangs(15, "constraint fk some columns on table {t}"))),
            entry(
                    Wing.TRIGGERS,
                    List.of(
                            hangs("constraint tr constraint on table {t}"),
                            hangs("trigger tr always on table {t}"),
                            hangs("trigger tr before on table {t}"),
                            hangs("trigger tr constraint on table {t}"),
                            hangs("trigger tr disabled on table {t}"),
                            hangs("trigger tr replica on table {t}"),
                            hangs("trigger tr statement on table {t}"),
                            hangs("trigger tr truncate on table {t}"),
                            hangs("trigger tr when on table {t}"),
                            hangs("trigger tr whole row on table {t}"))),
            entry(Wing.TRIGGERS_OF_OTHERS, List.of(hangs("trigger tr from on table {s}.\"tr other\""))),
            entry(
                    Wing.POLICIES,
                    List.of(
                            new Refusal(
                                    14,
                                    "UNSUPPORTED_TABLE: table {t} has row level security, which this release does not"
                                            + " carry over"),
                            hangs("policy po all on table {t}"),
                            hangs("policy po delete on table {t}"),
                            hangs("policy po insert on table {t}"),
                            hangs("policy po self on table {t}"),
                            hangs("policy po strict on table {t}"),
                            hangs("policy po update on table {t}"))),
            entry(Wing.POLICIES_OF_OTHERS, List.of(hangs("policy po reads on table {s}.\"po other\""))),
            entry(Wing.RULES, List.of(hangs("rule ru delete on table {t}"), hangs("rule ru insert on table {t}"))),
            entry(Wing.RULES_OF_OTHERS, List.of(hangs("rule ru writes on table {s}.\"ru other\""))),
            entry(
                    Wing.VIEWS,
                    List.of(
                            hangs("view {s}.\"v checked\""),
                            hangs(15, "view {s}.\"v invoker\""),
                            hangs("view {s}.\"v one\""),
                            hangs("view {s}.\"v tree\""),
                            hangs("view {s}.\"v two\""))),
            entry(Wing.STAR_VIEWS, List.of(hangs("view {s}.\"v star\""))),
            entry(Wing.MATERIALIZED_VIEWS, List.of(hangs("materialized view {s}.\"m one\""))),
            entry(
                    Wing.FUNCTIONS,
                    List.of(hangs("function {s}.\"f proc\"(integer)"), hangs("function {s}.\"f write\"(integer)"))),
            entry(
                    Wing.ROW_TYPES,
                    List.of(
                            hangs("function {s}.\"ro give\"()"),
                            hangs("function {s}.\"ro many\"({t}[])"),
                            hangs("function {s}.\"ro take\"({t})"))),
            entry(
                    Wing.ROW_TYPE_COLUMNS,
                    List.of(
                            hangs("column many of table {s}.\"ro table\""),
                            hangs("column x of table {s}.\"ro table\""),
                            hangs("constraint ro domain_check"),
                            hangs("type {s}.\"ro domain\""))),
            entry(
                    Wing.PUBLICATIONS,
                    List.of(
                            hangs(15, "publication of table {t} in publication pu filtered"),
                            hangs("publication of table {t} in publication pu only"),
                            hangs("publication of table {t} in publication pu plain"))),
            entry(
                    Wing.WIDE_PUBLICATIONS,
                    List.of(
                            hangs("publication \"pu all\", which covers all tables"),
                            hangs(15, "publication \"pu schema\", which covers schema {s}"))),
            entry(Wing.SEQUENCE_BORROWERS, List.of(hangs("default value for column x of table {s}.\"b other\""))),
            entry(
                    Wing.RELATIVES,
                    List.of(new Refusal(14, "UNSUPPORTED_TABLE: {t} is a parent or child by inheritance"))),
            entry(
                    Wing.SECURITY_LABELS,
                    List.of(new Refusal(
                            14,
                            "UNSUPPORTED_TABLE: the table or a column has a security label (museum: secret, museum: top"
                                    + " secret), which this release does not carry over"))));

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

    private static Refusal unchecked(int since, String what) {
        return new Refusal(
                since, "UNSUPPORTED_CHANGE: constraint %s: rows that break it could not be copied".formatted(what));
    }

    static Set<Wing> wings() {
        return REFUSALS.keySet();
    }

    /** What is carried. */
    static Set<Wing> others() {
        return EnumSet.complementOf(EnumSet.copyOf(wings()));
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
