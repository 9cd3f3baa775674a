package dev.walshift.engine.plan;

import static dev.walshift.engine.plan.Bench.S;
import static dev.walshift.engine.plan.Bench.T;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.MappedColumn;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;

class MappingTest {
    private static final SqlTemplate FILL = SqlTemplate.of(
            "INSERT INTO {shadow} ({columns}) OVERRIDING SYSTEM VALUE SELECT {mapping} FROM ONLY {source}");

    private static List<String> describe(Blueprint blueprint) {
        return blueprint.mapping().columns().stream().map(MappingTest::describe).toList();
    }

    private static String describe(MappedColumn column) {
        return "%s %s = %s%s"
                .formatted(
                        column.target(),
                        column.type(),
                        column.expression(),
                        column.repeatable() ? "" : " (not repeatable)");
    }

    private static void fill(Bench bench, Blueprint blueprint) throws SQLException {
        bench.execute(FILL.with("shadow", blueprint.shadow())
                .with("columns", blueprint.mapping().targets())
                .with("mapping", blueprint.mapping().expressions())
                .with("source", blueprint.source().name())
                .sql());
    }

    @ParameterizedTest
    @OnMajors
    void mapsByNumberNotByName(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE TABLE " + T
                            + " (gone int, id int PRIMARY KEY, a int, b text, c int, g int GENERATED ALWAYS AS (c + 1)"
                            + " STORED)",
                    "ALTER TABLE " + T + " DROP COLUMN gone",
                    "INSERT INTO " + T + " VALUES (1, 10, 'b', 3)");

            Blueprint blueprint = bench.createShadow(Bench.alter(
                    "RENAME a TO tmp",
                    "RENAME b TO a",
                    "RENAME tmp TO b",
                    "DROP c CASCADE",
                    "ADD c text DEFAULT 'new'",
                    "ALTER b TYPE bigint"));

            assertThat(describe(blueprint))
                    .containsExactly("id integer = \"id\"", "b bigint = \"a\"", "a text = \"b\"");
            fill(bench, blueprint);
            assertThat(bench.strings("SELECT r::text FROM " + blueprint.shadow().sql() + " AS r"))
                    .containsExactly("(1,10,b,new)");
        }
    }

    @ParameterizedTest
    @OnMajors
    void readsExpressionsBackFromTheServerOverTheSourcesNames(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE FUNCTION " + S + ".half(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 / 2'",
                    "CREATE TABLE " + T + " (id int PRIMARY KEY, \"A a\" int, b int, c text, d int, e int, f int)",
                    "INSERT INTO " + T + " VALUES (1, 9, 2, 'x', 4, 5, 6)",
                    "ALTER DATABASE " + bench.database().name() + " SET search_path = " + S);

            Blueprint blueprint = bench.createShadow(new AlterRequest(
                    Optional.of(T),
                    List.of(
                            "ALTER c TYPE int USING length(c) + \"A a\"",
                            "RENAME \"A a\" TO new",
                            "RENAME b TO \"A a\"",
                            "ADD b int",
                            "RENAME d TO dd",
                            "ALTER new TYPE bigint USING half(\"Or\"\"der; Täble\".new) + \"A a\"",
                            "ALTER dd TYPE text USING NULL",
                            "ALTER e TYPE text USING 'it''s'",
                            "ALTER f TYPE text"),
                    Map.of(new Identifier("f"), "CASE WHEN f > 1 THEN 'many' ELSE 'one' END"),
                    List.of()));

            assertThat(describe(blueprint))
                    .containsExactly(
                            "id integer = \"id\"",
                            "new bigint = (%s.half(\"A a\") + b)".formatted(S),
                            "A a integer = \"b\"",
                            "c integer = (length(c) + \"A a\")",
                            "dd text = CAST(NULL AS text)",
                            "e text = CAST('it''s' AS text)",
                            """
                            f text = CASE
                                WHEN (f > 1) THEN 'many'::text
                                ELSE 'one'::text
                            END\
                            """);
            fill(bench, blueprint);
            assertThat(bench.strings("SELECT r::text FROM " + blueprint.shadow().sql() + " AS r"))
                    .containsExactly("(1,6,2,10,,it's,many,)");
        }
    }

    @ParameterizedTest
    @OnMajors
    void knowsWhichValuesComeOutTheSameAgain(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE FUNCTION " + S + ".rnd() RETURNS float8 VOLATILE LANGUAGE sql AS 'SELECT random()'",
                    "CREATE FUNCTION " + S + ".stab(int) RETURNS int STABLE LANGUAGE sql AS 'SELECT $1'",
                    "CREATE OPERATOR " + S + ".### (RIGHTARG = int, FUNCTION = " + S + ".stab)",
                    "CREATE TABLE " + T
                            + " (id int PRIMARY KEY, a int, b int, c int, d int, e timestamptz, f int, g int, h text,"
                            + " i int)");

            Blueprint blueprint = bench.createShadow(Bench.alter(
                    "ALTER a TYPE float8 USING random()",
                    "ALTER b TYPE float8 USING a + " + S + ".rnd()",
                    "ALTER c TYPE timestamptz USING now()",
                    "ALTER d TYPE date USING CURRENT_DATE - d",
                    "ALTER e TYPE date USING e::date",
                    "ALTER f TYPE bigint USING " + S + ".stab(f)",
                    "ALTER g TYPE bigint USING OPERATOR(" + S + ".###) g",
                    "ALTER h TYPE date USING to_date(h, 'YYYY')",
                    "ALTER i TYPE bigint USING i * 2"));

            assertThat(blueprint.mapping().repeatable())
                    .extracting(column -> column.target().name())
                    .containsExactly("id", "e", "h", "i");
        }
    }

    @ParameterizedTest
    @OnMajors
    void convertsAsTheBlockingAlterDoes(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE TABLE " + T + " (id int PRIMARY KEY, v text, n numeric, j json)",
                    "INSERT INTO " + T + " VALUES (1, 'ab   ', 1.25, '{\"a\": 1}')");

            Blueprint blueprint = bench.createShadow(
                    Bench.alter("ALTER v TYPE varchar(3)", "ALTER n TYPE int", "ALTER j TYPE jsonb"));
            fill(bench, blueprint);

            assertThat(bench.strings("SELECT r::text FROM " + blueprint.shadow().sql() + " AS r"))
                    .containsExactly("(1,\"ab \",1,\"{\"\"a\"\": 1}\")");
            bench.execute("UPDATE " + T + " SET v = 'abcd'");
            assertThat(catchThrowable(() -> fill(bench, blueprint)))
                    .hasMessageContaining("value too long for type character varying(3)");
        }
    }

    @ParameterizedTest
    @OnMajors
    void ordersColumnsAsAsked(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE TABLE " + T
                            + " (a int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, b int, g int GENERATED ALWAYS AS (b *"
                            + " 2) STORED, \"C c\" text NOT NULL)",
                    "COMMENT ON COLUMN " + T + ".\"C c\" IS 'comment'",
                    "CREATE INDEX i ON " + T + " (b, \"C c\")",
                    "CREATE STATISTICS " + S + ".st ON b, \"C c\" FROM " + T,
                    "INSERT INTO " + T + " (b, \"C c\") VALUES (5, 'x')");

            Blueprint blueprint = bench.createShadow(
                    Bench.reorder(List.of("n", "C c", "g", "B", "a"), "RENAME b TO \"B\"", "ADD n serial"));
            fill(bench, blueprint);
            bench.swap(blueprint);

            assertThat(bench.strings("SELECT r::text FROM " + T + " AS r")).containsExactly("(1,x,10,5,1)");
            assertThat(bench.strings("SELECT pg_get_serial_sequence('%s', 'n')".formatted(T)))
                    .containsExactly(S + ".\"Or\"\"der; Täble_n_seq\"");
            assertThat(bench.strings("SELECT pg_get_serial_sequence('%s', 'a')".formatted(T)))
                    .containsExactly(S + ".\"Or\"\"der; Täble_a_seq\"");
            assertThat(bench.strings("SELECT col_description('%s'::regclass, 2)".formatted(T)))
                    .containsExactly("comment");
            assertThat(bench.strings("SELECT pg_get_indexdef('%s.i'::regclass)".formatted(S)))
                    .containsExactly("CREATE INDEX i ON %s USING btree (\"B\", \"C c\")".formatted(T));
            assertThat(bench.strings(
                            "SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxrelid = '%s'::regclass"
                                    .formatted(T)))
                    .containsExactly("CREATE STATISTICS %s.st ON \"C c\", \"B\" FROM %s".formatted(S, T));
        }
    }
}
