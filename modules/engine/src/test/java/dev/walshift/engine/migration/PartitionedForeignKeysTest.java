package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Foreign keys go over with a table that becomes a partitioned one, or is one, as if that had been made by hand. */
final class PartitionedForeignKeysTest {
    private static final String NAME = "\"or\"\"der\"";
    private static final String T = "\"Sh op\"." + NAME;
    private static final String CUSTOMER = "\"Sh op\".\"cust; --\"";
    private static final String ITEM = "\"Sh op\".\"it'em\"";
    private static final String LEAF = "\"Sh op\".\"Re'gion 1\"";
    private static final int CUSTOMERS = 60;
    private static final int ORDERS_EACH = 20;

    private static final String COLUMNS =
            "id int, region int NOT NULL, customer int NOT NULL, ca int, cb text COLLATE \"C\", up int, up_region int,"
                    + " place_p int, place_q int DEFAULT 1, PRIMARY KEY (id, region)";

    /** One partition has a constraint by the name of a foreign key already. */
    private static final String PARTITIONED = """
        CREATE TABLE {n} (n {type}, {columns}) PARTITION BY LIST (region);
        CREATE TABLE "Re'gion 1" PARTITION OF {n} (CONSTRAINT "of; cust" CHECK (id <> 0)) FOR VALUES IN (1);
        CREATE TABLE two PARTITION OF {n} FOR VALUES IN (2) PARTITION BY HASH (id);
        CREATE TABLE two_a PARTITION OF two FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE two_b PARTITION OF two FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        CREATE TABLE rest PARTITION OF {n} DEFAULT;
        """;

    private static final List<String> OTHERS = List.of(
            "CREATE SCHEMA \"Sh op\"",
            "CREATE TABLE {c} (\"k 1\" int PRIMARY KEY, a int, b text COLLATE \"C\", UNIQUE (b, a))",
            "CREATE TABLE \"Sh op\".place (p int, q int, PRIMARY KEY (p, q)) PARTITION BY RANGE (p)",
            "CREATE TABLE \"Sh op\".place1 PARTITION OF \"Sh op\".place DEFAULT",
            "CREATE TABLE {i} (id int PRIMARY KEY, \"or der\" int, region int, other int)",
            "CREATE TABLE \"Sh op\".note (k int, o int, region int) PARTITION BY RANGE (k)",
            "CREATE TABLE \"Sh op\".note1 PARTITION OF \"Sh op\".note FOR VALUES FROM (0) TO (10)",
            "CREATE TABLE \"Sh op\".note2 PARTITION OF \"Sh op\".note DEFAULT");

    private static final List<String> FOREIGN_KEYS = List.of(
            // Out of it
            "ALTER TABLE {t} ADD CONSTRAINT \"of; cust\" FOREIGN KEY (customer) REFERENCES {c} ON DELETE CASCADE",
            "ALTER TABLE {t} ADD CONSTRAINT \"two \"\" cols\" FOREIGN KEY (cb, ca) REFERENCES {c} (b, a) MATCH FULL ON"
                    + " UPDATE CASCADE ON DELETE CASCADE DEFERRABLE",
            "ALTER TABLE {t} ADD CONSTRAINT in_place FOREIGN KEY (place_p, place_q) REFERENCES \"Sh op\".place ON"
                    + " DELETE SET DEFAULT",
            // To itself
            "ALTER TABLE {t} ADD CONSTRAINT \"self\" FOREIGN KEY (up, up_region) REFERENCES {t} ON DELETE SET NULL"
                    + " DEFERRABLE INITIALLY DEFERRED",
            // Into it
            "ALTER TABLE {i} ADD CONSTRAINT \"in {x}\" FOREIGN KEY (region, \"or der\") REFERENCES {t} (region, id) ON"
                    + " UPDATE CASCADE ON DELETE CASCADE",
            "ALTER TABLE {i} ADD CONSTRAINT in_unchecked FOREIGN KEY (other, region) REFERENCES {t} NOT VALID",
            "ALTER TABLE \"Sh op\".note ADD CONSTRAINT noted FOREIGN KEY (o, region) REFERENCES {t} ON DELETE SET NULL",
            "COMMENT ON CONSTRAINT \"in {x}\" ON {i} IS E'it''s \\\\ a \"comment\"'",
            "COMMENT ON CONSTRAINT \"self\" ON {t} IS 'above'");

    private static final List<String> ROWS = List.of(
            "INSERT INTO {c} SELECT i, i, 'b' || i FROM generate_series(1, %d) i".formatted(CUSTOMERS),
            "INSERT INTO \"Sh op\".place SELECT i, 1 FROM generate_series(1, 10) i",
            "INSERT INTO {t} (id, region, customer, ca, cb, up, up_region, place_p, n) SELECT i, i %% 4, i %% %1$d + 1, i %% %1$d + 1, 'b' || i %% %1$d + 1, NULLIF(i / 2, 0), i / 2 %% 4, i %% 10 + 1, i FROM generate_series(1, %2$d) i"
                    .formatted(CUSTOMERS, CUSTOMERS * ORDERS_EACH),
            "INSERT INTO {i} SELECT id, id, region, id FROM {t}",
            "INSERT INTO \"Sh op\".note SELECT id, id, region FROM {t} WHERE id < 20");

    /** But for what the server makes of them for each partition of a referenced table. */
    private static final String DEFINITIONS = """
        SELECT concat_ws(' | ', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid), c.convalidated, c.condeferrable,
                         c.condeferred, c.conislocal, c.coninhcount, p.conrelid::regclass, p.conname,
                         obj_description(c.oid, 'pg_constraint'),
                         (SELECT string_agg(concat_ws(' ', g.tgrelid::regclass, g.tgtype, g.tgfoid::regproc, g.tgenabled), ','
                                            ORDER BY g.tgrelid::regclass::text, g.tgtype)
                            FROM pg_trigger g WHERE g.tgconstraint = c.oid))
          FROM pg_constraint c
          LEFT JOIN pg_constraint p ON p.oid = c.conparentid
         WHERE c.contype = 'f' AND c.connamespace = '"Sh op"'::regnamespace
           AND (p.oid IS NULL OR p.confrelid = c.confrelid)
         ORDER BY 1
        """;

    private static final String BY_TABLE = """
        SELECT conrelid::regclass || ' ' || conname || ' ' || convalidated FROM pg_constraint
         WHERE contype = 'f' AND conparentid = 0 AND conname = 'of; cust' AND connamespace = '"Sh op"'::regnamespace
         ORDER BY 1
        """;

    enum Change {
        TO_PARTITIONED,
        TO_PLAIN,
        OF_PARTITIONED;

        String file(String type) {
            String table = this == TO_PLAIN ? "CREATE TABLE {n} (n {type}, {columns});" : PARTITIONED;
            return table.replace("{type}", type).replace("{columns}", COLUMNS);
        }
    }

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private TestDatabase database;
    private Connection connection;

    static Stream<Arguments> changes() {
        return Stream.of(Change.values())
                .flatMap(change ->
                        PostgresServer.sampledMajors(change).stream().map(major -> Arguments.of(major, change)));
    }

    private static String fill(String sql) {
        return sql.replace("{t}", T)
                .replace("{n}", NAME)
                .replace("{c}", CUSTOMER)
                .replace("{i}", ITEM);
    }

    private static void create(TestDatabase database, String table) throws SQLException {
        List<String> statements = new ArrayList<>(OTHERS);
        statements.add("SET search_path = \"Sh op\"; " + table);
        statements.addAll(FOREIGN_KEYS);
        statements.addAll(ROWS);
        database.execute(
                statements.stream().map(PartitionedForeignKeysTest::fill).toArray(String[]::new));
    }

    private void open(ServerVersion version, Change change) throws SQLException {
        database = SharedServers.freshDatabase(version);
        connection = database.connect();
        create(
                database,
                change == Change.OF_PARTITIONED
                        ? change.file("int")
                        : "CREATE TABLE {n} (%s, n int)".formatted(COLUMNS));
    }

    @AfterEach
    void close() throws SQLException {
        threads.shutdownNow();
        connection.close();
        database.close();
    }

    private Migration migration(Change change) {
        MigrationRequest request = change == Change.OF_PARTITIONED
                ? Scenario.request(T, "ALTER n TYPE bigint")
                : new MigrationRequest(
                        new AlterRequest(Optional.of(T), List.of(), Map.of(), List.of())
                                .by(fill(change.file("bigint"))),
                        2,
                        false,
                        VerifyMode.FULL);
        return Scenario.migration(database, request);
    }

    private static List<String> byHand(ServerVersion version, Change change) throws SQLException {
        try (TestDatabase direct = SharedServers.freshDatabase(version);
                Connection expected = direct.connect()) {
            create(direct, change.file("bigint"));
            return Scenario.list(expected, DEFINITIONS);
        }
    }

    /**
     * A customer with orders and items, one of which moves to another partition; every other customer is deleted again, and all of it with it.
     * In between it tries what no foreign key allows.
     */
    private static void live(Statement statement, int customer) throws SQLException {
        int first = 100_000 + customer * 3;
        statement.execute(fill("INSERT INTO {c} VALUES (%1$d, %1$d, 'b%1$d')".formatted(customer)));
        statement.execute(fill(
                "INSERT INTO {t} (id, region, customer, ca, cb, up, up_region, place_p, n) SELECT %2$d + i, i, %1$d, %1$d, 'b%1$d', %2$d, 0, 1, %1$d FROM generate_series(0, 2) i"
                        .formatted(customer, first)));
        statement.execute(fill("UPDATE {t} SET region = 3 WHERE id = %d".formatted(first + 2)));
        statement.execute(fill("INSERT INTO {i} SELECT id, id, region FROM {t} WHERE id BETWEEN %d AND %d"
                .formatted(first, first + 2)));
        refused(statement, "INSERT INTO {t} (id, region, customer) VALUES (-5, 2, -5)");
        refused(statement, "INSERT INTO {i} VALUES (-5, -5, 2)");
        if (customer % 2 == 0) {
            statement.execute(fill("DELETE FROM {c} WHERE \"k 1\" = %d".formatted(customer)));
        }
    }

    private static void refused(Statement statement, String sql) throws SQLException {
        try {
            statement.execute(fill(sql));
        } catch (SQLException e) {
            if ("23503".equals(e.getSQLState())) {
                return;
            }
            throw e;
        }
        throw new SQLException("not refused: " + sql);
    }

    private Application startApplication() {
        return Application.start(database, CUSTOMERS + 1, PartitionedForeignKeysTest::live);
    }

    @ParameterizedTest
    @MethodSource("changes")
    void areAsMadeByHandBesideAnApplicationThatCascades(ServerVersion version, Change change) throws Exception {
        open(version, change);
        List<String> expected = byHand(version, change);
        MigrationReport report;
        int last;
        try (Application application = startApplication()) {
            report = migration(change).run();
            last = CUSTOMERS + application.end();
        }

        assertThat(report.verified()).isTrue();
        assertThat(Scenario.list(connection, DEFINITIONS)).isEqualTo(expected);
        assertThat(Scenario.list(
                        connection,
                        "SELECT tgname FROM pg_trigger WHERE tgrelid = '%s'::regclass"
                                .formatted(report.retired().orElseThrow().sql())))
                .isEmpty();
        for (String table : List.of("{t}", "{i}")) {
            assertThat(Scenario.list(connection, fill("""
                (SELECT id FROM %1$s WHERE id >= 100000
                 EXCEPT ALL SELECT 100000 + c * 3 + i FROM generate_series(%2$d, %3$d) c, generate_series(0, 2) i WHERE c %% 2 = 1)
                UNION ALL
                (SELECT 100000 + c * 3 + i FROM generate_series(%2$d, %3$d) c, generate_series(0, 2) i WHERE c %% 2 = 1
                 EXCEPT ALL SELECT id FROM %1$s WHERE id >= 100000)
                """.formatted(table, CUSTOMERS + 1, last))))
                    .isEmpty();
            assertThat(Scenario.list(connection, fill("SELECT count(*) FROM %s WHERE id < 100000".formatted(table))))
                    .containsExactly(Integer.toString(CUSTOMERS * ORDERS_EACH));
        }
        Scenario.assertNothingLeft(connection);
    }

    @ParameterizedTest
    @MethodSource("changes")
    void areInForceFromTheSwapOnAndFinishedByALaterRun(ServerVersion version, Change change) throws Exception {
        open(version, change);
        Migration first = migration(change);
        try (ValidationGate gate = ValidationGate.shut(database)) {
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(first::run, threads);
            gate.awaitArrival(first, running);
            assertInForce();
            first.stop();
            assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedMigrationException.class);
        }
        List<String> expected = byHand(version, change);
        assertThat(Scenario.list(connection, DEFINITIONS)).isNotEqualTo(expected);

        MigrationReport report = migration(change).run();

        assertThat(report.rowsCopied()).isZero();
        assertThat(Scenario.list(connection, DEFINITIONS)).isEqualTo(expected);
        Scenario.assertNothingLeft(connection);
    }

    private void assertInForce() throws SQLException {
        for (int region : List.of(1, 2, 3)) {
            assertRefused(insert("region, customer", region + ", -1"), "");
            assertRefused(insert("region, customer, up, up_region", region + ", 1, -7, 1"), "self");
            assertRefused("INSERT INTO {i} VALUES (-1, -1, %d)".formatted(region), "in {x}");
        }
        // Not restricted by a foreign key of the retired table, and not without the new one's.
        database.execute(
                fill("INSERT INTO {t} (id, region, customer, up, up_region) VALUES (-1, 1, 1, 7, 3), (-2, 2, 1, -1,"
                        + " 1)"),
                fill("INSERT INTO {i} VALUES (-1, -1, 1)"),
                "INSERT INTO \"Sh op\".note VALUES (-1, -1, 1)",
                fill("DELETE FROM {t} WHERE id = -1"));
        assertThat(Scenario.list(connection, fill("SELECT count(*) FROM {i} WHERE id = -1")))
                .containsExactly("0");
        assertThat(Scenario.list(connection, fill("SELECT up FROM {t} WHERE id = -2")))
                .containsExactly("null");
        assertThat(Scenario.list(connection, "SELECT o FROM \"Sh op\".note WHERE k = -1"))
                .containsExactly("null");
        database.execute(
                fill("UPDATE {c} SET b = 'other' WHERE \"k 1\" = 40"), fill("DELETE FROM {c} WHERE \"k 1\" = 50"));
        assertThat(Scenario.list(connection, fill("SELECT DISTINCT cb FROM {t} WHERE customer = 40")))
                .containsExactly("other");
        assertThat(Scenario.list(connection, fill("SELECT count(*) FROM {t} WHERE customer = 50")))
                .containsExactly("0");
        assertThat(Scenario.list(connection, fill("SELECT count(*) FROM {i} WHERE id % 60 = 49")))
                .containsExactly("0");
    }

    private static String insert(String columns, String values) {
        return "INSERT INTO {t} (id, %s) VALUES (-1, %s)".formatted(columns, values);
    }

    private void assertRefused(String sql, String constraint) {
        assertThatThrownBy(() -> database.execute(fill(sql)))
                .hasMessageContaining("violates foreign key constraint \"" + constraint);
    }

    /** A row that breaks it, and comes when its partition is validated, would be met by a look at the rows. */
    @ParameterizedTest
    @OnMajors
    void theWholeTablesIsMadeOfItsPartitionsWithoutALookAtTheirRows(ServerVersion version) throws Exception {
        open(version, Change.TO_PARTITIONED);
        Migration migration = migration(Change.TO_PARTITIONED);
        CompletableFuture<MigrationReport> running;
        try (Connection reader = database.connect();
                Connection writer = database.connect();
                Statement write = writer.createStatement()) {
            try (ValidationGate gate = ValidationGate.shut(database)) {
                running = CompletableFuture.supplyAsync(migration::run, threads);
                gate.awaitArrival(migration, running);
                reader.setAutoCommit(false);
                Scenario.list(reader, fill("SELECT 1 FROM {c} LIMIT 1"));
            }
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> migration
                                    .progress()
                                    .detail()
                                    .startsWith("make foreign key of; cust of partitioned table " + T)
                            || running.isDone());
            write.execute("SET session_replication_role = replica");
            write.execute(fill("INSERT INTO {t} (id, region, customer) VALUES (-1, 1, -1), (-2, 2, -1), (-3, 3, -1)"));
            reader.rollback();
            running.join();
        }

        assertThat(Scenario.list(connection, fill("SELECT count(*) FROM {t} WHERE customer = -1")))
                .containsExactly("3");
        assertThat(Scenario.list(connection, DEFINITIONS)).isEqualTo(byHand(version, Change.TO_PARTITIONED));
    }

    @ParameterizedTest
    @OnMajors
    void aRowThatBreaksOneIsToldOfItsPartitionAndTheNextRunGoesOn(ServerVersion version) throws Exception {
        open(version, Change.TO_PARTITIONED);
        breakOne();

        assertThatThrownBy(migration(Change.TO_PARTITIONED)::run)
                .isInstanceOf(InterruptedMigrationException.class)
                .hasFieldOrPropertyWithValue("code", ProblemCode.FOLLOW_UP_FAILED)
                .hasMessageContainingAll("could not validate foreign key " + leafsName(), " of table " + LEAF)
                // At the price of a look at all rows under its lock.
                .hasMessageNotContaining("make foreign key");

        assertThat(Scenario.list(connection, BY_TABLE))
                .containsExactly(
                        "\"Sh op\".rest of; cust true",
                        "\"Sh op\".two_a of; cust true",
                        "\"Sh op\".two_b of; cust true");
        database.execute(fill("DELETE FROM {t} WHERE customer = -1"));
        assertThat(migration(Change.TO_PARTITIONED).run().rowsCopied()).isZero();
        assertThat(Scenario.list(connection, DEFINITIONS)).isEqualTo(byHand(version, Change.TO_PARTITIONED));
        Scenario.assertNothingLeft(connection);
    }

    @ParameterizedTest
    @OnMajors
    void oneThatNobodyWantsOnAPartitionAnyMoreIsLetGo(ServerVersion version) throws Exception {
        open(version, Change.TO_PARTITIONED);
        breakOne();
        assertThatThrownBy(migration(Change.TO_PARTITIONED)::run).isInstanceOf(InterruptedMigrationException.class);

        database.execute("ALTER TABLE %s DROP CONSTRAINT \"%s\"".formatted(LEAF, leafsName()));

        assertThat(migration(Change.TO_PARTITIONED).run().rowsCopied()).isZero();
        assertThat(Scenario.list(connection, BY_TABLE)).hasSize(3).noneMatch(line -> line.startsWith(T));
        Scenario.assertNothingLeft(connection);
    }

    @ParameterizedTest
    @OnMajors
    void aPartitionThatIsMadeMeanwhileHasItToo(ServerVersion version) throws Exception {
        open(version, Change.TO_PARTITIONED);
        Migration migration = migration(Change.TO_PARTITIONED);
        CompletableFuture<MigrationReport> running;
        try (ValidationGate gate = ValidationGate.shut(database)) {
            running = CompletableFuture.supplyAsync(migration::run, threads);
            gate.awaitArrival(migration, running);
            database.execute(fill("CREATE TABLE \"Sh op\".nine PARTITION OF {t} FOR VALUES IN (9)"));
        }
        running.join();

        assertThat(Scenario.list(connection, """
            SELECT conname || ' ' || convalidated || ' ' || coninhcount FROM pg_constraint
             WHERE contype = 'f' AND conrelid = '"Sh op".nine'::regclass AND conname <> 'self' ORDER BY 1
            """))
                .containsExactly("in_place true 1", "of; cust true 1", "two \" cols true 1");
        Scenario.assertNothingLeft(connection);
    }

    /** As a partition has it that was made, with its foreign key, before it was attached. */
    @ParameterizedTest
    @OnMajors
    void aPartitionsPartKeepsANameOfItsOwn(ServerVersion version) throws Exception {
        open(version, Change.OF_PARTITIONED);
        for (String owner : List.of(LEAF, "\"Sh op\".note1")) {
            database.execute("""
                DO $$ DECLARE name text; BEGIN
                    SELECT conname INTO name FROM pg_constraint
                     WHERE contype = 'f' AND conrelid = '%1$s'::regclass AND conparentid <> 0 ORDER BY oid DESC LIMIT 1;
                    EXECUTE format('ALTER TABLE %1$s RENAME CONSTRAINT %%I TO "my; own"', name);
                END $$
                """.formatted(owner.replace("'", "''")));
        }
        List<String> before = Scenario.list(connection, DEFINITIONS);

        migration(Change.OF_PARTITIONED).run();

        assertThat(before).filteredOn(line -> line.contains("my; own")).hasSize(2);
        assertThat(Scenario.list(connection, DEFINITIONS)).isEqualTo(before);
    }

    /** As the server chose it, since a constraint of that partition has the foreign key's own name. */
    private String leafsName() throws SQLException {
        List<String> names = Scenario.list(connection, """
            SELECT conname FROM pg_constraint
             WHERE contype = 'f' AND conrelid = '%s'::regclass AND pg_get_constraintdef(oid) LIKE 'FOREIGN KEY (customer)%%'
            """.formatted(LEAF.replace("'", "''")));
        assertThat(names).hasSize(1).doesNotContain("of; cust");
        return names.getFirst();
    }

    private void breakOne() throws SQLException {
        database.execute(
                fill("ALTER TABLE {t} DISABLE TRIGGER ALL"),
                fill("INSERT INTO {t} (id, region, customer) VALUES (-1, 1, -1)"),
                fill("ALTER TABLE {t} ENABLE TRIGGER ALL"));
    }
}
