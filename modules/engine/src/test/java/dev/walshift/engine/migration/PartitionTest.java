package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.RefusedException;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A partition as source: it leaves its parent, and its successor takes its place, in the swap. */
final class PartitionTest {
    private static final MigrationRequest REBUILD = Scenario.request("\"sh op\".\"p 1\"", List.of(), List.of());

    private static final List<String> PARENT = List.of(
            "CREATE SCHEMA \"sh op\"",
            "CREATE TABLE \"sh op\".\"All\" (id int NOT NULL, at int, note text DEFAULT 'x' CHECK (note <> ''),"
                    + " PRIMARY KEY (id, at)) PARTITION BY %s",
            "CREATE INDEX ON \"sh op\".\"All\" (note)",
            "CREATE TABLE \"sh op\".\"p 1\" PARTITION OF \"sh op\".\"All\" %s WITH (fillfactor = 90)",
            "CREATE TABLE \"sh op\".p2 PARTITION OF \"sh op\".\"All\" %s",
            "CREATE INDEX own ON \"sh op\".\"p 1\" ((id %% 7))",
            "CREATE FUNCTION \"sh op\".touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := NEW.note || 1;"
                    + " RETURN NEW; END'",
            "CREATE TRIGGER each BEFORE UPDATE ON \"sh op\".\"All\" FOR EACH ROW EXECUTE FUNCTION \"sh op\".touch()",
            "INSERT INTO \"sh op\".\"All\" SELECT i, i %% 200, 'n' || i FROM generate_series(1, 3000) i");

    /** All that can be seen of the partitioned table and its parts. */
    private static final String CATALOG = """
        SELECT line FROM (
            SELECT c.relname || ' of ' || p.relname || ' ' || COALESCE(pg_get_expr(c.relpartbound, c.oid), '')
                   || COALESCE(c.reloptions::text, '') AS line
              FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
            UNION ALL
            SELECT o.conname || ' of ' || o.conrelid::regclass || pg_get_constraintdef(o.oid) || o.conislocal || o.coninhcount
              FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'sh op'
            UNION ALL
            SELECT t.tgname || ' of ' || t.tgrelid::regclass || t.tgparentid::bool || t.tgenabled::text
              FROM (SELECT tgname, tgrelid, tgenabled, CASE WHEN tgparentid = 0 THEN 0 ELSE 1 END AS tgparentid FROM pg_trigger) t
              JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'sh op'
            UNION ALL
            SELECT a.attname || ' of ' || c.relname || a.attislocal || a.attinhcount || a.attnotnull
              FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'sh op' WHERE a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            SELECT indexdef FROM pg_indexes WHERE schemaname = 'sh op') AS all_of_it
         ORDER BY line
        """;

    record Layout(ServerVersion server, String key, String first, String second) {
        static List<Layout> of(ServerVersion server) {
            return List.of(
                    new Layout(
                            server,
                            "RANGE (at)",
                            "FOR VALUES FROM (MINVALUE) TO (100)",
                            "FOR VALUES FROM (100) TO (200)"),
                    new Layout(
                            server,
                            "HASH (id)",
                            "FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
                            "FOR VALUES WITH (MODULUS 2, REMAINDER 1)"),
                    new Layout(server, "LIST ((at % 2))", "FOR VALUES IN (0)", "FOR VALUES IN (1)"));
        }

        void create(TestDatabase database) throws SQLException {
            boolean byExpression = key.startsWith("LIST");
            for (String statement : PARENT) {
                String sql = statement.contains("PARTITION BY")
                        ? statement.formatted(key)
                        : statement.contains("\"p 1\" PARTITION")
                                ? statement.formatted(first)
                                : statement.formatted(second);
                database.execute(byExpression ? sql.replace(", PRIMARY KEY (id, at)", "") : sql);
            }
            if (byExpression) {
                database.execute("ALTER TABLE \"sh op\".\"p 1\" ADD PRIMARY KEY (id)");
            }
        }
    }

    static Stream<Layout> layouts() {
        return PostgresServer.sampledMajors(PartitionTest.class).stream().flatMap(server -> Layout.of(server).stream());
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void takesThePlaceOfItsPredecessorBesideWritersThatMoveRowsAbout(Layout layout) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(layout.server());
                Connection connection = database.connect()) {
            layout.create(database);
            List<String> before = Scenario.list(connection, CATALOG);
            MigrationReport report;
            int updates;
            try (Application application = Application.start(database, 0, PartitionTest::update)) {
                report = Scenario.migration(database, REBUILD).run();
                updates = application.end();
            }

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(connection, CATALOG)).isEqualTo(before);
            assertThat(Scenario.list(connection, "SELECT count(*) || ' ' || sum(length(note)) FROM \"sh op\".\"All\""))
                    .containsExactly("3000 " + expectedLength(updates));
            assertThat(Scenario.list(connection, "SELECT count(DISTINCT id) FROM \"sh op\".\"All\""))
                    .containsExactly("3000");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** The digits of 1 to 3000, an n before each, and a 1 for each update. */
    private static int expectedLength(int updates) {
        return 9 + 90 * 2 + 900 * 3 + 2001 * 4 + 3000 + updates;
    }

    private static void update(Statement statement, int number) throws SQLException {
        statement.execute(
                "UPDATE \"sh op\".\"All\" SET at = (at + 77) %% 200 WHERE id = %d".formatted(1 + number % 3000));
    }

    @Test
    void whatThePartitionedTableForbidsIsRefused() throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase()) {
            Layout.of(PostgresServer.defaultMajors().getLast()).getFirst().create(database);

            assertRefused(
                    database,
                    Scenario.request("\"sh op\".\"p 1\"", "ALTER COLUMN at TYPE bigint"),
                    "the changed table can't be a partition of \"sh op\".\"All\"");

            database.execute("CREATE INDEX half ON ONLY \"sh op\".\"All\" (at, note)");
            assertRefused(database, REBUILD, "is an index of the parent without a valid part here");

            database.execute("DROP INDEX \"sh op\".half", "ALTER TABLE \"sh op\".\"p 1\" DISABLE TRIGGER each");
            assertRefused(database, REBUILD, "is enabled otherwise than that of the parent");

            database.execute(
                    "ALTER TABLE \"sh op\".\"p 1\" ENABLE TRIGGER each",
                    "CREATE TABLE \"sh op\".others PARTITION OF \"sh op\".\"All\" DEFAULT",
                    "INSERT INTO \"sh op\".\"All\" VALUES (9000, 900)");
            assertRefused(database, REBUILD, "has a default partition");

            database.execute(
                    "DROP TABLE \"sh op\".others",
                    "CREATE TABLE customers (id int PRIMARY KEY)",
                    "INSERT INTO customers SELECT generate_series(1, 3000)",
                    "ALTER TABLE \"sh op\".\"All\" ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES customers");
            assertRefused(database, REBUILD, "is a foreign key of the parent");

            database.execute(
                    "ALTER TABLE \"sh op\".\"All\" DROP CONSTRAINT c",
                    "CREATE PUBLICATION p FOR TABLE \"sh op\".\"All\"");
            assertRefused(database, REBUILD, "publishes the partition through its parent");
        }
    }

    private static void assertRefused(TestDatabase database, MigrationRequest request, String problem)
            throws SQLException {
        assertThatThrownBy(() -> Scenario.migration(database, request).run())
                .isInstanceOfSatisfying(
                        RefusedException.class,
                        refused -> assertThat(refused.plan().problems()).anySatisfy(found -> {
                            assertThat(found.message()).contains(problem);
                            assertThat(found.code())
                                    .isIn(ProblemCode.UNSUPPORTED_DEPENDENT, ProblemCode.UNSUPPORTED_CHANGE);
                        }));
    }
}
