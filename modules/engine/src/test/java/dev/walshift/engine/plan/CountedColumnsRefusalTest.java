package dev.walshift.engine.plan;

import static dev.walshift.engine.plan.Bench.fill;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;

/** What counts the table's columns is refused where the change moves them, in whatever it stands; otherwise it is carried. */
class CountedColumnsRefusalTest {
    private static final String ROWS = "it makes rows of the table's row type";
    private static final String WHOLE = "it uses whole rows";
    private static final String BEHIND = "it gives columns of a join or of a function's rows other names";

    /** Queries with one column, of text, and why they are refused. */
    private static final Map<String, String> QUERIES = Map.ofEntries(
            Map.entry("SELECT r.c AS v FROM jsonb_populate_recordset(NULL::{t}, '[]') r(id, a, b, c, n)", ROWS),
            Map.entry("SELECT (jsonb_populate_record(NULL::{t}, '{}')).c AS v", ROWS),
            Map.entry("SELECT r.q AS v FROM unnest((SELECT array_agg(y) FROM {t} y)) r(o, p, x, q, s)", WHOLE),
            Map.entry("SELECT k.q AS v FROM ({t} CROSS JOIN {s}.u) k(o, p, x, q, s, w)", BEHIND),
            Map.entry("SELECT k.s AS v FROM ({s}.u JOIN {t} USING (id)) k(o, p, x, q, s)", "it gives"),
            Map.entry("SELECT 'x' AS v FROM {t} x WHERE x.* = ROW(1, 'a', 'b', 'c', 1)::{t}", ROWS),
            Map.entry("SELECT 'x' AS v FROM {t} x WHERE x = ROW(1, 'a', 'b', 'c', 1)", WHOLE),
            Map.entry("SELECT 'x' AS v FROM {t} x WHERE x::text = '(1,a,b,c,1)'", WHOLE),
            Map.entry("SELECT (ROW(1, 'A', 'B', 'C', 7)::{t}).c AS v", ROWS),
            Map.entry("SELECT ('(1,A,B,C,7)'::{t}).c AS v", ROWS),
            Map.entry("SELECT (('{}'::{t}[])[1]).c AS v", ROWS));

    /** Where a query stands. */
    private static final Map<String, String> PLACES = Map.of(
            "view {s}.v",
            "CREATE VIEW {s}.v AS {q}",
            "materialized view {s}.m",
            "CREATE MATERIALIZED VIEW {s}.m AS {q}",
            "function {s}.f()",
            "CREATE FUNCTION {s}.f() RETURNS text LANGUAGE sql BEGIN ATOMIC {q}; END",
            "rule ru on table {s}.u",
            "CREATE RULE ru AS ON DELETE TO {s}.u DO ALSO UPDATE {s}.u SET w = x.v FROM ({q}) x",
            "rule own on table {t}",
            "CREATE RULE own AS ON DELETE TO {t} DO ALSO UPDATE {s}.u SET w = x.v FROM ({q}) x",
            "policy po on table {s}.u",
            "CREATE POLICY po ON {s}.u USING (w IN ({q}))",
            "policy own on table {t}",
            "CREATE POLICY own ON {t} USING (a IN ({q}))");

    private static void create(Bench bench, Collection<String> dependents) throws SQLException {
        bench.execute(
                fill("CREATE TABLE {t} (id int PRIMARY KEY, a text, b text, c text, n int)"),
                fill("CREATE TABLE {s}.u (id int, w text)"));
        bench.execute(dependents.stream()
                .map(it -> fill(it.replace("{n}", Bench.TABLE.name().sql())))
                .toArray(String[]::new));
    }

    private static List<String> everywhere(String query) {
        return PLACES.values().stream().map(it -> it.replace("{q}", query)).toList();
    }

    private static List<String> problems(Bench bench, AlterRequest request) throws SQLException {
        return Bench.lines(
                bench.plan(request.agreeingTo(EnumSet.allOf(Consent.class))).problems());
    }

    private static AlterRequest reordered() {
        return Bench.reorder(List.of("id", "c", "b", "a", "n"));
    }

    private static AlterRequest exchanged() {
        return Bench.alter("DROP b", "ADD z text", "ADD y uuid DEFAULT gen_random_uuid()");
    }

    /** Every query in everything that may have one. */
    @ParameterizedTest
    @OnMajors
    void refusesItWhereColumnsMove(ServerVersion version) throws SQLException {
        List<String> wrong = new ArrayList<>();
        try (Bench bench = Bench.open(version)) {
            for (Map.Entry<String, String> query : QUERIES.entrySet()) {
                create(bench, everywhere(query.getKey()));
                for (AlterRequest request : List.of(reordered(), exchanged())) {
                    List<String> problems = problems(bench, request);
                    for (String place : PLACES.keySet()) {
                        if (problems.stream()
                                .noneMatch(line -> line.contains(fill(place)) && line.contains(query.getValue()))) {
                            wrong.add("%s, %s: %s".formatted(place, query.getKey(), problems));
                        }
                    }
                }
                bench.reset();
            }
        }
        assertThat(wrong).isEmpty();
    }

    @ParameterizedTest
    @OnMajors
    void carriesItWhereNothingMoves(ServerVersion version) throws SQLException {
        List<String> wrong = new ArrayList<>();
        try (Bench bench = Bench.open(version)) {
            for (String query : QUERIES.keySet()) {
                create(bench, everywhere(query));
                List<String> problems = problems(bench, Bench.alter("ALTER n TYPE bigint"));
                if (!problems.isEmpty()) {
                    wrong.add(query + ": " + problems);
                }
                bench.reset();
            }
        }
        assertThat(wrong).isEmpty();
    }

    /** What stands once only: the server gives the rows that it returns to the table's columns by their places. */
    @ParameterizedTest
    @OnMajors
    void refusesRowsThatAreReturned(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(
                    bench,
                    List.of(
                            "CREATE TABLE {s}.log (id int, a text, b text, c text, n int)",
                            "CREATE RULE ru AS ON INSERT TO {t} DO INSTEAD INSERT INTO {s}.log VALUES (1) RETURNING"
                                    + " log.id, log.a, log.b, log.c, log.n",
                            "CREATE FUNCTION {s}.f() RETURNS SETOF {t} LANGUAGE sql BEGIN ATOMIC SELECT id, a, b, c, n"
                                    + " FROM {t}; END",
                            "CREATE FUNCTION {s}.by_default(r {t} DEFAULT ROW(1, 'a', 'b', 'c', 2)) RETURNS int"
                                    + " LANGUAGE sql AS 'SELECT 1'",
                            // These count nothing.
                            "CREATE FUNCTION {s}.by_name(r {t}) RETURNS text LANGUAGE sql RETURN (r).c",
                            "CREATE FUNCTION {s}.in_string(r {t}) RETURNS SETOF {t} LANGUAGE sql AS 'SELECT r'",
                            "CREATE VIEW {s}.v AS SELECT count(x) AS n, to_jsonb(x) AS j FROM {t} x WHERE x IS NOT NULL"
                                    + " GROUP BY x.id, to_jsonb(x)"));

            assertThat(problems(bench, reordered()))
                    .satisfiesExactly(
                            line -> assertThat(line)
                                    .contains(fill("function {s}.by_default("))
                                    .contains(ROWS),
                            line -> assertThat(line)
                                    .contains(fill("function {s}.f()"))
                                    .contains(ROWS),
                            line -> assertThat(line)
                                    .contains(fill("rule ru on table {t}"))
                                    .contains("its RETURNING gives the table's columns by their places"));
        }
    }

    /** A new column at the end moves those of whatever follows. */
    @ParameterizedTest
    @OnMajors
    void refusesWhatLiesBehindANewColumn(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(
                    bench,
                    List.of(
                            "CREATE VIEW {s}.joined AS SELECT k.w FROM ({t} CROSS JOIN {s}.u) k(o, p, q, r, s, v, w)",
                            "CREATE VIEW {s}.numbered AS SELECT k.o FROM jsonb_populate_recordset(NULL::{t}, '[]') WITH"
                                    + " ORDINALITY k(id, a, b, c, n, o)",
                            "CREATE VIEW {s}.alone AS SELECT k.id FROM jsonb_populate_recordset(NULL::{t}, '[]') k(id,"
                                    + " a, b, c, n)"));

            assertThat(problems(bench, Bench.alter("ADD y uuid DEFAULT gen_random_uuid()")))
                    .satisfiesExactly(
                            line -> assertThat(line)
                                    .contains(fill("view {s}.joined"))
                                    .contains(BEHIND),
                            line -> assertThat(line)
                                    .contains(fill("view {s}.numbered"))
                                    .contains(BEHIND));
        }
    }

    /** The table's own parts are written down and read again, over whole rows that have their columns in another order. */
    @ParameterizedTest
    @OnMajors
    void refusesWholeRowsInWhatTheTableHasItself(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(
                    bench,
                    List.of(
                            "ALTER TABLE {t} ADD CONSTRAINT \"as; text\" CHECK (CAST({n} AS text) <> '(1,a,b,c,1)')",
                            "ALTER TABLE {t} ADD CONSTRAINT compared CHECK ({n}.* <> ROW(1, 'a', 'b', 'c', 1))",
                            "CREATE INDEX hashed ON {t} (hash_record({n}.*))",
                            "CREATE INDEX partly ON {t} (a) WHERE {n}.* <> ROW(1, 'a', 'b', 'c', 1)",
                            // These count nothing.
                            "ALTER TABLE {t} ADD CONSTRAINT whole CHECK ({n}.* IS NOT NULL)",
                            "ALTER TABLE {t} ADD CONSTRAINT named CHECK (ROW(a, b) <> ROW('x', 'y'))",
                            "CREATE INDEX named ON {t} (lower(a)) WHERE b <> c"));

            for (AlterRequest request : List.of(reordered(), exchanged())) {
                assertThat(problems(bench, request))
                        .allMatch(line -> line.contains(WHOLE) && line.contains("of table \"Or\"\"der; Täble\""))
                        .extracting(line -> line.substring(line.indexOf(": ") + 2, line.indexOf(" of table")))
                        .containsExactly(
                                "constraint \"as; text\"", "constraint compared", "index hashed", "index partly");
            }
            assertThat(problems(bench, Bench.alter("ALTER n TYPE bigint"))).isEmpty();
            assertThat(problems(bench, Bench.alter("DROP b"))).isEmpty();
        }
    }
}
