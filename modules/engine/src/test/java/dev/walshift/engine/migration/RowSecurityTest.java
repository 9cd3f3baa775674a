package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.plan.RefusedException;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;

/** Policies and row level security are the same after the swap, and never decide what walshift copies. */
final class RowSecurityTest {
    private static final String T = "\"Sh\"\"op; --\".\"Or\"\"der; Täble\"";
    private static final String O = "elsewhere.\"Or\"\"der; Täble\"";

    private static final List<String> SETUP = List.of(
            "CREATE ROLE \"ow; ner\" LOGIN REPLICATION",
            "CREATE ROLE \"re\"\"ader\" LOGIN",
            "CREATE SCHEMA {s} AUTHORIZATION \"ow; ner\"",
            "CREATE SCHEMA elsewhere AUTHORIZATION \"ow; ner\"",
            "GRANT USAGE ON SCHEMA {s}, elsewhere TO PUBLIC",
            "CREATE TABLE {t} (id int PRIMARY KEY, n int, who text DEFAULT current_user, tags jsonb)",
            "INSERT INTO {t} SELECT i, i, 're\"ader' FROM generate_series(1, 2000) i",
            "CREATE TABLE {o} (x int PRIMARY KEY)",
            "INSERT INTO {o} VALUES (5), (5000)",
            "CREATE TABLE {s}.members (who text)",
            "CREATE POLICY \"few; rows\" ON {t} FOR SELECT TO \"re\"\"ader\", pg_monitor"
                    + " USING (n < 10 AND who <> ' ON {t} ''?''' AND NOT COALESCE(tags ? 'hidden', false))",
            "CREATE POLICY strict ON {t} AS RESTRICTIVE USING (NOT EXISTS (SELECT FROM {s}.members m WHERE m.who ="
                    + " \"Or\"\"der; Täble\".who)) WITH CHECK (n > 0 AND (SELECT count(*) FROM {t}) >= 0)",
            "CREATE POLICY adds ON {t} FOR INSERT TO CURRENT_USER WITH CHECK (who = CURRENT_USER)",
            "CREATE POLICY removes ON {t} FOR DELETE USING (true)",
            "CREATE POLICY changes ON {t} FOR UPDATE USING (n = 1) WITH CHECK (n = 2)",
            "COMMENT ON POLICY strict ON {t} IS 'isn''t \\ it?'",
            "GRANT SELECT ON {t}, {o}, {s}.members TO PUBLIC",
            // Of another table of the same name, and not in force there.
            "CREATE POLICY known ON {o} FOR SELECT TO PUBLIC USING (EXISTS (SELECT FROM {t} i WHERE i.n = \"Or\"\"der;"
                    + " Täble\".x))",
            "CREATE POLICY other ON {o} FOR UPDATE USING (x > 0) WITH CHECK (x IN (SELECT n FROM {t}))",
            "COMMENT ON POLICY known ON {o} IS 'there'",
            "ALTER TABLE {o} ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE {t} OWNER TO \"ow; ner\"",
            "ALTER TABLE {o} OWNER TO \"ow; ner\"");

    private PostgresServer server;
    private TestDatabase database;

    private static String fill(String sql) {
        return sql.replace("{t}", T).replace("{o}", O).replace("{s}", "\"Sh\"\"op; --\"");
    }

    private void prepare(ServerVersion version) throws SQLException {
        server = PostgresServer.start(version);
        database = TestDatabase.create(server);
        database.execute(SETUP.stream().map(RowSecurityTest::fill).toArray(String[]::new));
        database.execute("GRANT CREATE, TEMPORARY ON DATABASE %s TO \"ow; ner\"".formatted(database.name()));
    }

    @AfterEach
    void close() {
        server.close();
    }

    private Migration migration() {
        return Scenario.migration(
                TestConnections.database(server.jdbcUrl("ow; ner", database.name())),
                Scenario.request(T, "ALTER id TYPE bigint, ALTER n TYPE bigint"));
    }

    @ParameterizedTest
    @OnMajors
    void isTheSameAfterTheSwapAndInForce(ServerVersion version) throws Exception {
        prepare(version);
        database.execute(fill("ALTER TABLE {t} ENABLE ROW LEVEL SECURITY"));
        try (Connection connection = database.connect();
                Connection reader = server.connect("re\"ader", database.name())) {
            List<String> before = AttachedObjects.tell(connection);
            assertThat(before).filteredOn(line -> line.startsWith("policy")).hasSize(7);

            MigrationReport report = migration().run();

            assertThat(report.verified()).isTrue();
            assertThat(AttachedObjects.tell(connection)).isEqualTo(before);
            assertThat(Scenario.list(connection, fill("SELECT count(*) FROM {t}")))
                    .containsExactly("2000");
            assertThat(Scenario.list(reader, fill("SELECT count(*) FROM {t}"))).containsExactly("9");
            assertThat(Scenario.list(reader, fill("SELECT x FROM {o}"))).containsExactly("5");
            database.execute(fill("UPDATE {t} SET n = 5000 WHERE id = 5"), fill("INSERT INTO {t} VALUES (5000, 7)"));
            assertThat(Scenario.list(reader, fill("SELECT x FROM {o}"))).isEmpty();
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void copiesEveryRowAsARoleThatBypassesForcedPolicies(ServerVersion version) throws Exception {
        prepare(version);
        database.execute(
                fill("ALTER TABLE {t} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"),
                "ALTER ROLE \"ow; ner\" BYPASSRLS");
        try (Connection connection = database.connect()) {
            List<String> before = AttachedObjects.tell(connection);
            String rows = fill("SELECT t::text FROM {t} t ORDER BY id");
            List<String> rowsBefore = Scenario.list(connection, rows);

            MigrationReport report = migration().run();

            assertThat(report.verified()).isTrue();
            assertThat(AttachedObjects.tell(connection)).isEqualTo(before);
            assertThat(Scenario.list(connection, rows)).isEqualTo(rowsBefore);
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void refusesToCopyAsARoleThatWouldNotSeeAllRows(ServerVersion version) throws Exception {
        prepare(version);
        database.execute(fill("ALTER TABLE {t} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"));
        try (Connection connection = database.connect()) {
            List<String> before = AttachedObjects.tell(connection);

            assertThatThrownBy(migration()::run)
                    .isInstanceOfSatisfying(
                            RefusedException.class,
                            e -> assertThat(e.plan().problems()).singleElement().satisfies(problem -> {
                                assertThat(problem.message())
                                        .isEqualTo(fill(
                                                "row level security of table {t} hides rows from role ow; ner, so not"
                                                        + " all of them could be copied"));
                                assertThat(problem.remedy())
                                        .isEqualTo(
                                                fill("ALTER ROLE \"ow; ner\" BYPASSRLS, or ALTER TABLE {t} NO FORCE ROW"
                                                        + " LEVEL SECURITY for the time of the migration"));
                            }));

            assertThat(AttachedObjects.tell(connection)).isEqualTo(before);
            Scenario.assertNothingLeft(connection);
        }
    }

    /** No policy and row level security in force: nobody but the owner sees a row. */
    @ParameterizedTest
    @OnMajors
    void isCarriedWithoutAnyPolicyToo(ServerVersion version) throws Exception {
        prepare(version);
        database.execute(
                "CREATE TABLE elsewhere.bare (id int PRIMARY KEY)",
                "ALTER TABLE elsewhere.bare ENABLE ROW LEVEL SECURITY",
                "GRANT SELECT ON elsewhere.bare TO PUBLIC",
                "ALTER TABLE elsewhere.bare OWNER TO \"ow; ner\"",
                "INSERT INTO elsewhere.bare VALUES (1)");
        try (Connection reader = server.connect("re\"ader", database.name())) {
            Scenario.migration(
                            TestConnections.database(server.jdbcUrl("ow; ner", database.name())),
                            Scenario.request("elsewhere.bare", "ALTER id TYPE bigint"))
                    .run();

            assertThat(Scenario.list(reader, "SELECT id FROM elsewhere.bare")).isEmpty();
        }
    }
}
