package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.ProblemCode;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;

/** Foreign keys of all directions and kinds, from before the migration to after it. */
final class ForeignKeysTest {
    private static final String T = "\"Sh op\".\"or\"\"der\"";
    private static final String CUSTOMER = "\"Sh op\".\"cust; --\"";
    private static final String ITEM = "\"Sh op\".\"it'em\"";
    private static final int CUSTOMERS = 200;
    private static final int ORDERS_EACH = 20;

    private static final List<String> TABLES = List.of(
            "CREATE SCHEMA \"Sh op\"",
            "CREATE TABLE {c} (\"k 1\" int PRIMARY KEY, a int, b text COLLATE \"C\", UNIQUE (b, a))",
            "CREATE TABLE \"Sh op\".place (p int, q int, PRIMARY KEY (p, q)) PARTITION BY RANGE (p)",
            "CREATE TABLE \"Sh op\".place1 PARTITION OF \"Sh op\".place DEFAULT",
            "CREATE TABLE {t} (id int PRIMARY KEY, customer int NOT NULL, ca int, cb text COLLATE \"C\", up int,"
                    + " place_p int, place_q int DEFAULT 1, n int, UNIQUE (n, id))",
            "CREATE TABLE {i} (id int PRIMARY KEY, \"or der\" int, n int, other int)",
            // Out of it
            "ALTER TABLE {t} ADD CONSTRAINT \"of; cust\" FOREIGN KEY (customer) REFERENCES {c} ON DELETE CASCADE",
            "ALTER TABLE {t} ADD CONSTRAINT \"two \"\" cols\" FOREIGN KEY (cb, ca) REFERENCES {c} (b, a) MATCH FULL ON"
                    + " UPDATE CASCADE DEFERRABLE",
            "ALTER TABLE {t} ADD CONSTRAINT in_place FOREIGN KEY (place_p, place_q) REFERENCES \"Sh op\".place ON"
                    + " DELETE SET DEFAULT",
            "ALTER TABLE {t} ADD CONSTRAINT unchecked FOREIGN KEY (n) REFERENCES {c} NOT VALID",
            // To itself
            "ALTER TABLE {t} ADD CONSTRAINT \"self\" FOREIGN KEY (up) REFERENCES {t} ON DELETE SET NULL DEFERRABLE"
                    + " INITIALLY DEFERRED",
            // Into it
            "ALTER TABLE {i} ADD CONSTRAINT \"in {x}\" FOREIGN KEY (\"or der\") REFERENCES {t} ON UPDATE CASCADE ON"
                    + " DELETE CASCADE",
            "ALTER TABLE {i} ADD CONSTRAINT in_two FOREIGN KEY (n, \"or der\") REFERENCES {t} (n, id)",
            "ALTER TABLE {i} ADD CONSTRAINT in_unchecked FOREIGN KEY (other) REFERENCES {t} NOT VALID",
            "COMMENT ON CONSTRAINT \"in {x}\" ON {i} IS E'it''s \\\\ a \"comment\"'",
            "COMMENT ON CONSTRAINT \"self\" ON {t} IS 'above'");

    private static final List<String> SINCE_15 = List.of(
            "ALTER TABLE {t} ADD CONSTRAINT some_null FOREIGN KEY (ca, cb) REFERENCES {c} (a, b) ON DELETE SET NULL"
                    + " (cb)");

    private static final List<String> SINCE_18 = List.of(
            "ALTER TABLE {t} ADD CONSTRAINT idle FOREIGN KEY (n) REFERENCES {c} NOT ENFORCED",
            "ALTER TABLE {i} ADD CONSTRAINT in_idle FOREIGN KEY (other) REFERENCES {t} NOT ENFORCED",
            "ALTER TABLE {t} ADD span int4range DEFAULT '[1,2)', ADD valid daterange DEFAULT '[2020-01-01,2020-01-02)'",
            "CREATE TABLE \"Sh op\".period (span int4range, valid daterange, UNIQUE (span, valid WITHOUT OVERLAPS))",
            "INSERT INTO \"Sh op\".period VALUES ('[1,2)', '[2000-01-01,2100-01-01)')",
            "ALTER TABLE {t} ADD CONSTRAINT during FOREIGN KEY (span, PERIOD valid) REFERENCES \"Sh op\".period (span,"
                    + " PERIOD valid)",
            "CREATE TABLE \"Sh op\".parts (k int, part int CONSTRAINT of_part REFERENCES {t}) PARTITION BY RANGE (k)",
            "CREATE TABLE \"Sh op\".parts1 PARTITION OF \"Sh op\".parts FOR VALUES FROM (0) TO (10)",
            "CREATE TABLE \"Sh op\".parts2 PARTITION OF \"Sh op\".parts DEFAULT",
            "INSERT INTO \"Sh op\".parts SELECT i, i FROM generate_series(1, 20) i");

    private static final List<String> ROWS = List.of(
            "INSERT INTO {c} SELECT i, i, 'b' || i FROM generate_series(1, %d) i".formatted(CUSTOMERS),
            "INSERT INTO \"Sh op\".place SELECT i, 1 FROM generate_series(1, 10) i",
            "INSERT INTO {t} (id, customer, ca, cb, up, place_p, n) SELECT i, i %% %1$d + 1, i %% %1$d + 1, 'b' || i %% %1$d + 1, NULLIF(i / 2, 0), i %% 10 + 1, i %% %1$d + 1 FROM generate_series(1, %2$d) i"
                    .formatted(CUSTOMERS, CUSTOMERS * ORDERS_EACH),
            "INSERT INTO {i} SELECT id, id, n, id FROM {t}");

    private static final List<String> ALTER = List.of(
            "ALTER id TYPE bigint, ALTER n TYPE bigint, ALTER up TYPE bigint",
            "RENAME cb TO \"c; b\"",
            "RENAME customer TO \"the customer\"",
            "RENAME id TO \"i d\"");

    private static final String DEFINITIONS = """
        SELECT concat_ws(' | ', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated, condeferrable,
                         condeferred, obj_description(oid, 'pg_constraint'))
          FROM pg_constraint
         WHERE contype = 'f' AND conparentid = 0 AND connamespace = '"Sh op"'::regnamespace
         ORDER BY 1
        """;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private TestDatabase database;
    private Connection connection;

    private static String[] statements(ServerVersion version) {
        List<String> all = new ArrayList<>(TABLES);
        if (version.major() >= 15) {
            all.addAll(SINCE_15);
        }
        all.addAll(ROWS);
        if (version.major() >= 18) {
            all.addAll(SINCE_18);
        }
        return all.stream().map(ForeignKeysTest::fill).toArray(String[]::new);
    }

    private static String fill(String sql) {
        return sql.replace("{t}", T).replace("{c}", CUSTOMER).replace("{i}", ITEM);
    }

    private void open(ServerVersion version) throws SQLException {
        database = SharedServers.freshDatabase(version);
        connection = database.connect();
        database.execute(statements(version));
    }

    @AfterEach
    void close() throws SQLException {
        threads.shutdownNow();
        connection.close();
        database.close();
    }

    private Migration migration(String... alter) {
        return Scenario.migration(database, Scenario.request(T, List.of(alter), List.of()));
    }

    private static List<String> blockingWay(ServerVersion version) throws SQLException {
        try (TestDatabase altered = SharedServers.freshDatabase(version);
                Connection expected = altered.connect()) {
            altered.execute(statements(version));
            for (String clause : ALTER) {
                altered.execute("ALTER TABLE %s %s".formatted(T, clause));
            }
            return Scenario.list(expected, DEFINITIONS);
        }
    }

    /** A customer with orders and items; every other one is deleted again, and all of it with it. */
    private static void live(Statement statement, int customer) throws SQLException {
        statement.execute(fill("INSERT INTO {c} VALUES (%1$d, %1$d, 'b%1$d')".formatted(customer)));
        // By position: the columns get other names in the middle of it.
        statement.execute(fill(
                "INSERT INTO {t} SELECT 100000 + %1$d * 3 + i, %1$d, %1$d, 'b%1$d', 100000 + %1$d * 3, 1, 1, %1$d FROM generate_series(0, 2) i"
                        .formatted(customer)));
        statement.execute(fill(
                "INSERT INTO {i} SELECT 100000 + %1$d * 3 + i, 100000 + %1$d * 3 + i, %1$d FROM generate_series(0, 2) i"
                        .formatted(customer)));
        if (customer % 2 == 0) {
            // Whatever the column is called; that must not change before it is used.
            statement.execute(fill("""
                DO $$
                BEGIN
                    LOCK TABLE {t} IN ROW EXCLUSIVE MODE;
                    EXECUTE (SELECT format('UPDATE {t} SET ca = NULL, %%I = NULL WHERE n = %d', attname)
                               FROM pg_attribute WHERE attrelid = '{t}'::regclass AND attnum = 4);
                END $$
                """.formatted(customer)));
            statement.execute(fill("DELETE FROM {i} WHERE n = %d".formatted(customer)));
            statement.execute(fill("DELETE FROM {c} WHERE \"k 1\" = %d".formatted(customer)));
        }
    }

    private Application startApplication() {
        return Application.start(database, CUSTOMERS + 1, ForeignKeysTest::live);
    }

    @ParameterizedTest
    @OnMajors
    void areAsAfterTheBlockingAlterBesideAnApplicationThatCascades(ServerVersion version) throws Exception {
        open(version);
        List<String> expected = blockingWay(version);
        MigrationReport report;
        int last;
        try (Application application = startApplication()) {
            report = migration(ALTER.toArray(String[]::new)).run();
            last = CUSTOMERS + application.end();
        }

        assertThat(report.verified()).isTrue();
        assertThat(Scenario.list(connection, DEFINITIONS)).isEqualTo(expected);
        assertThat(Scenario.list(
                        connection,
                        "SELECT tgname FROM pg_trigger WHERE tgrelid = '%s'::regclass"
                                .formatted(report.retired().orElseThrow().sql())))
                .isEmpty();
        assertThat(Scenario.list(connection, fill("""
            SELECT n FROM {t} WHERE "i d" >= 100000
            EXCEPT ALL
            SELECT i FROM generate_series(%d, %d) i, generate_series(1, 3) WHERE i %% 2 = 1
            """.formatted(CUSTOMERS + 1, last))))
                .isEmpty();
        assertThat(Scenario.list(connection, fill("SELECT count(*) FROM {t} WHERE \"i d\" >= 100000")))
                .containsExactly(Integer.toString((last + 1) / 2 * 3 - CUSTOMERS / 2 * 3));
        assertThat(Scenario.list(connection, fill("SELECT count(*) FROM {t} WHERE \"i d\" < 100000")))
                .containsExactly(Integer.toString(CUSTOMERS * ORDERS_EACH));
        Scenario.assertNothingLeft(connection);
    }

    @ParameterizedTest
    @OnMajors
    void areInForceFromTheSwapOnAndValidatedByALaterRun(ServerVersion version) throws Exception {
        open(version);
        String open = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND NOT convalidated";
        List<String> before = Scenario.list(connection, open);
        List<String> definitions = Scenario.list(connection, DEFINITIONS);
        // To itself, with equal types on both sides before and after.
        String alter = "ALTER n TYPE bigint";
        Migration first = migration(alter);
        try (ValidationGate gate = ValidationGate.shut(database)) {
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(first::run, threads);
            gate.awaitArrival(first, running);

            assertThat(Scenario.list(connection, open)).isNotEqualTo(before);
            assertInForce();
            first.stop();
            assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedMigrationException.class);
        }

        MigrationReport report = migration(alter).run();

        assertThat(report.rowsCopied()).isZero();
        assertThat(Scenario.list(connection, open)).isEqualTo(before);
        assertThat(Scenario.list(connection, DEFINITIONS)).isEqualTo(definitions);
        Scenario.assertNothingLeft(connection);
    }

    private void assertInForce() throws SQLException {
        assertThatThrownBy(() -> database.execute(fill("INSERT INTO {t} (id, customer) VALUES (-1, -1)")))
                .hasMessageContaining("violates foreign key constraint \"of; cust\"");
        assertThatThrownBy(() -> database.execute(fill("INSERT INTO {t} (id, customer, up) VALUES (-1, 1, -7)")))
                .hasMessageContaining("violates foreign key constraint \"self\"");
        assertThatThrownBy(() -> database.execute(fill("INSERT INTO {i} VALUES (-1, -1)")))
                .hasMessageContaining("violates foreign key constraint");
        // Not restricted by a foreign key of the retired table, and not without the new one's.
        database.execute(
                fill("INSERT INTO {t} (id, customer, up, n) VALUES (-1, 1, 7, 1), (-2, 1, -1, 1)"),
                fill("INSERT INTO {i} VALUES (-1, -1, NULL, 3)"),
                fill("DELETE FROM {t} WHERE id = -1"));
        assertThat(Scenario.list(connection, fill("SELECT count(*) FROM {i} WHERE id = -1")))
                .containsExactly("0");
        assertThat(Scenario.list(connection, fill("SELECT up FROM {t} WHERE id = -2")))
                .containsExactly("null");
        database.execute(
                fill("DELETE FROM {i} WHERE n = 50"),
                fill("UPDATE {t} SET ca = NULL, cb = NULL WHERE n = 50"),
                fill("DELETE FROM {c} WHERE \"k 1\" = 50"));
        assertThat(Scenario.list(connection, fill("SELECT count(*) FROM {t} WHERE customer = 50")))
                .containsExactly("0");
    }

    @ParameterizedTest
    @OnMajors
    void aRowThatBreaksOneIsToldAfterTheSwapAndTheNextRunGoesOn(ServerVersion version) throws Exception {
        open(version);
        List<String> definitions = Scenario.list(connection, DEFINITIONS);
        database.execute(
                fill("ALTER TABLE {i} DISABLE TRIGGER ALL"),
                fill("INSERT INTO {i} VALUES (-1, -1)"),
                fill("ALTER TABLE {i} ENABLE TRIGGER ALL"));

        assertThatThrownBy(migration("ALTER n TYPE bigint")::run)
                .isInstanceOf(InterruptedMigrationException.class)
                .hasFieldOrPropertyWithValue("code", ProblemCode.FOLLOW_UP_FAILED)
                .hasMessageContaining("the tables were swapped, but not all is done: could not validate foreign key in"
                        + " {x} of table " + ITEM)
                .satisfies(e -> assertThat(((InterruptedMigrationException) e).remedy())
                        .contains("NOT VALID", "walshift resume 1"));

        assertThat(Scenario.list(connection, fill("""
            SELECT conname FROM pg_constraint
             WHERE contype = 'f' AND conparentid = 0 AND NOT convalidated AND conname NOT LIKE '%idle'
            """)))
                .containsExactlyInAnyOrder("in_unchecked", "in {x}", "unchecked");
        database.execute(fill("DELETE FROM {i} WHERE id = -1"));
        assertThat(migration("ALTER n TYPE bigint").run().rowsCopied()).isZero();
        assertThat(Scenario.list(connection, DEFINITIONS)).isEqualTo(definitions);
        Scenario.assertNothingLeft(connection);
    }

    @ParameterizedTest
    @OnMajors
    void oneThatNobodyWantsAnyMoreIsLetGo(ServerVersion version) throws Exception {
        open(version);
        database.execute(
                fill("ALTER TABLE {i} DISABLE TRIGGER ALL"),
                fill("INSERT INTO {i} VALUES (-1, -1)"),
                fill("ALTER TABLE {i} ENABLE TRIGGER ALL"));
        assertThatThrownBy(migration("ALTER n TYPE bigint")::run).isInstanceOf(InterruptedMigrationException.class);

        database.execute(fill("ALTER TABLE {i} DROP CONSTRAINT \"in {x}\""));

        assertThat(migration("ALTER n TYPE bigint").run().rowsCopied()).isZero();
        Scenario.assertNothingLeft(connection);
    }

    @ParameterizedTest
    @OnMajors
    void theAlterMayDropAndChangeThem(ServerVersion version) throws Exception {
        open(version);

        migration(
                        "ALTER n TYPE bigint, DROP CONSTRAINT unchecked, DROP ca, ALTER CONSTRAINT \"of; cust\""
                                + " DEFERRABLE",
                        "RENAME CONSTRAINT self TO \"new \"\" name\"")
                .run();

        assertThat(Scenario.list(connection, fill("""
            SELECT concat_ws(' ', conname, condeferrable, convalidated) FROM pg_constraint
             WHERE contype = 'f' AND conrelid = '{t}'::regclass AND conparentid = 0 AND conname NOT IN ('idle', 'during')
             ORDER BY 1
            """)))
                .containsExactlyInAnyOrder("in_place f t", "of; cust t t", "new \" name t t");
        Scenario.assertNothingLeft(connection);
    }
}
