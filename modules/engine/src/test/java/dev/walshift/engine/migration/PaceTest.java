package dev.walshift.engine.migration;

import static dev.walshift.engine.Patience.await;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.pace.Limit;
import dev.walshift.engine.pace.PaceMode;
import dev.walshift.engine.pace.PaceSettings;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Database;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.oracle.Expectation;
import dev.walshift.testkit.oracle.Oracle;
import dev.walshift.testkit.workload.Column;
import dev.walshift.testkit.workload.KeyKind;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.Workload;
import dev.walshift.testkit.workload.WorkloadOptions;
import dev.walshift.testkit.workload.WorkloadTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What slows a migration down on a real server, stops it, and lets it go on. */
final class PaceTest {
    /** About 400 bytes a row: several chunks. */
    private static final int ROWS = 60_000;

    private static final String ALTER = "ALTER COLUMN id TYPE bigint";

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Path file;

    PaceTest(@TempDir Path folder) {
        this.file = folder.resolve("stop here");
    }

    @AfterEach
    void endThreads() {
        threads.shutdownNow();
    }

    private static TestDatabase filled(ServerVersion version) throws Exception {
        TestDatabase database = SharedServers.freshDatabase(version);
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, note text)",
                "INSERT INTO orders SELECT i, repeat('x', 350) FROM generate_series(1, %d) i".formatted(ROWS));
        return database;
    }

    private static PaceSettings mode(PaceMode mode) {
        return new PaceSettings(
                Optional.of(mode), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    private static PaceSettings query(String sql) {
        return new PaceSettings(
                Optional.empty(), Optional.of(sql), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** At full speed otherwise, so that only the file matters. */
    private PaceSettings fileOnly() {
        return new PaceSettings(
                Optional.of(PaceMode.FULL), Optional.empty(), Optional.of(file), Optional.empty(), Optional.empty());
    }

    private record Running(Migration migration, CompletableFuture<MigrationReport> future) {
        void awaitDetail(String... texts) {
            await().until(() -> {
                if (future.isDone()) {
                    throw new AssertionError("it ended: " + future.join());
                }
                String detail = migration.progress().detail();
                return List.of(texts).stream().allMatch(detail::contains);
            });
        }

        void assertWaitsIn(Phase phase) {
            await().until(() -> migration.progress().phase() == phase);
            await().during(Duration.ofSeconds(1))
                    .until(() -> !future.isDone() && migration.progress().phase() == phase);
        }

        void assertCopiesNothing() {
            long copied = migration.progress().rowsCopied();
            await().during(Duration.ofSeconds(1))
                    .until(() -> migration.progress().rowsCopied() == copied);
            assertThat(copied).isLessThan(ROWS);
            assertThat(migration.progress().phase()).isEqualTo(Phase.COPY);
        }
    }

    private Running start(TestDatabase database, PaceSettings pace) {
        return start(TestConnections.database(database), pace);
    }

    private Running start(Database database, PaceSettings pace) {
        Migration migration =
                new Migration(database, Scenario.request("orders", ALTER), MigrationSettings.DEFAULT.with(pace));
        return new Running(migration, supplyAsync(migration::run, threads));
    }

    private static void assertDone(TestDatabase database, MigrationReport report) throws Exception {
        assertThat(report.rowsCopied()).isEqualTo(ROWS);
        assertThat(report.verified()).isTrue();
        try (Connection connection = database.connect()) {
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void standsStillWhileTheFileExists(ServerVersion version) throws Exception {
        try (TestDatabase database = filled(version)) {
            Files.createFile(file);
            Running running = start(database, fileOnly());
            running.awaitDetail("standing still: ", "stop here exists (--pace-file)");
            await().until(() -> running.migration().progress().phase() == Phase.COPY);
            running.assertCopiesNothing();

            Files.delete(file);

            MigrationReport report = running.future().join();
            assertDone(database, report);
            assertThat(report.rested()).isPositive();
        }
    }

    @ParameterizedTest
    @OnMajors
    void asksTheOperatorsQuery(ServerVersion version) throws Exception {
        try (TestDatabase database = filled(version)) {
            // The comment has what would be a parameter, the operator is one: neither is touched.
            String sql = "SELECT slow OR '{}'::jsonb ? 'a' FROM \"we\"\"ird load\" -- ?";
            database.execute(
                    "CREATE TABLE \"we\"\"ird load\" (slow boolean)", "INSERT INTO \"we\"\"ird load\" VALUES (true)");
            Files.createFile(file);
            PaceSettings pace = query(sql);
            Running running = start(
                    database,
                    new PaceSettings(
                            Optional.of(PaceMode.FULL),
                            pace.query(),
                            Optional.of(file),
                            Optional.empty(),
                            Optional.empty()));
            running.awaitDetail("standing still: ", "--pace-file");
            Files.delete(file);
            running.awaitDetail("slowed down to 5 %: --pace-query gives true");

            database.execute("UPDATE \"we\"\"ird load\" SET slow = false");
            assertDone(database, running.future().join());
        }
    }

    @ParameterizedTest
    @OnMajors
    void takesUpAnOrderAndKeepsToItWhenItIsResumed(ServerVersion version) throws Exception {
        try (TestDatabase database = filled(version)) {
            Files.createFile(file);
            Running running = start(database, fileOnly());
            running.awaitDetail("standing still: ", "--pace-file");
            PaceOrder orders = new PaceOrder(TestConnections.database(database));

            assertThat(orders.give(1, PaceMode.STOP)).isTrue();
            running.awaitDetail("standing still: it was told to stop (walshift pace)");
            Files.delete(file);
            running.assertCopiesNothing();
            running.migration().stop();
            assertThat(running.future()).failsWithin(Duration.ofMinutes(1));

            Running resumed = start(database, PaceSettings.DEFAULT);
            resumed.awaitDetail("standing still: it was told to stop (walshift pace)");
            assertThat(new MigrationList(TestConnections.database(database)).all())
                    .singleElement()
                    .satisfies(status -> assertThat(status.pace()).contains(PaceMode.STOP));
            assertThat(orders.give(1, PaceMode.FULL)).isTrue();

            assertDone(database, resumed.future().join());
            assertThatThrownBy(() -> orders.give(1, PaceMode.NICE))
                    .isInstanceOfSatisfying(
                            MigrationException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.BUSY))
                    .hasMessageContaining("no migration 1 is under way");
        }
    }

    @Test
    void anOrderForAMigrationThatWasNeverBegunIsRefused() throws Exception {
        try (TestDatabase database =
                SharedServers.freshDatabase(PostgresServer.defaultMajors().getLast())) {
            PaceOrder orders = new PaceOrder(TestConnections.database(database));

            assertThatThrownBy(() -> orders.give(7, PaceMode.FULL)).hasMessageContaining("no migration 7 is under way");
        }
    }

    @ParameterizedTest
    @OnMajors
    void whatCannotGoSlowlyWaitsForTheEndOfAStop(ServerVersion version) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Gate gate = Gate.closedAt(database, 100);
                Connection application = database.connect();
                Statement statement = application.createStatement()) {
            database.execute(
                    "CREATE TABLE orders (id int PRIMARY KEY, n int)",
                    "INSERT INTO orders SELECT i, i FROM generate_series(1, 100) i");
            MigrationRequest request = Scenario.request("orders", "ALTER COLUMN n TYPE bigint USING public.gate(n)");
            Migration migration = new Migration(
                    TestConnections.database(database),
                    new MigrationRequest(request.alter(), 2, false, VerifyMode.OFF),
                    MigrationSettings.DEFAULT.with(fileOnly()));
            Running running = new Running(migration, supplyAsync(migration::run, threads));
            gate.awaitArrival();
            Files.createFile(file);
            running.awaitDetail("standing still: ", "--pace-file");
            gate.open();
            running.assertWaitsIn(Phase.INDEX);

            application.setAutoCommit(false);
            statement.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
            Files.delete(file);
            await().until(() -> migration.progress().phase() == Phase.CATCH_UP);
            Files.createFile(file);
            running.awaitDetail("standing still: ", "--pace-file");
            application.rollback();
            running.assertWaitsIn(Phase.CUT_OVER);
            Files.delete(file);

            assertThat(running.future().join().rowsCopied()).isEqualTo(100);
        }
    }

    /** Nothing else would keep the builds from taking all that the server has. */
    @ParameterizedTest
    @CsvSource({"NICE, 1", "FULL, 2"})
    void whoIsHeldBackBuildsOneIndexAtATime(PaceMode mode, int builds) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase();
                Gate gate = Gate.closedAt(database, 100);
                Connection connection = database.connect()) {
            gate.open();
            database.execute(
                    "CREATE TABLE orders (id int PRIMARY KEY, n int)",
                    "INSERT INTO orders SELECT i, i FROM generate_series(1, 100) i",
                    "CREATE INDEX one ON orders (public.gate(n))",
                    "CREATE INDEX other ON orders (public.gate(n), id)");
            gate.shut();
            Running running = start(database, mode(mode));
            gate.awaitArrival();

            String building = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                    + " AND query LIKE 'CREATE INDEX%' AND wait_event = 'advisory'";
            await().until(() -> Scenario.list(connection, building).size() == builds);
            await().during(Duration.ofMillis(300))
                    .until(() -> Scenario.list(connection, building).size() == builds);

            gate.open();
            assertThat(running.future().join().verified()).isTrue();
        }
    }

    @ParameterizedTest
    @OnMajors
    void niceRestsBesideWritersAndIsAsExact(ServerVersion version) throws Exception {
        WorkloadTable table = WorkloadTable.hostile(KeyKind.INT);
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection connection = database.connect()) {
            Truth start = table.create(connection, 3_000);
            Truth end;
            MigrationReport report;
            try (Workload workload =
                    Workload.start(database::connect, start, WorkloadOptions.of(System.nanoTime(), 3))) {
                report = new Migration(
                                TestConnections.database(database),
                                Scenario.request(
                                        table,
                                        "ALTER COLUMN %s TYPE bigint"
                                                .formatted(table.column(Column.COUNTER)
                                                        .sql())),
                                MigrationSettings.DEFAULT.with(mode(PaceMode.NICE)))
                        .run();
                end = workload.stop();
                assertThat(workload.errors()).isEmpty();
            }

            assertThat(report.rested()).isPositive();
            Comparison comparison = Oracle.compare(connection, end, Expectation.unchanged(table));
            assertThat(comparison.isExact()).as(comparison.toString()).isTrue();
            Scenario.assertNothingLeft(connection);
        }
    }

    /** Who may not see it can't measure it, and who asked for it wants to know. */
    @Test
    void tellsThatTheLagOfReplicasCannotBeSeen() throws Exception {
        ServerVersion version = PostgresServer.defaultMajors().getLast();
        try (PostgresServer server = PostgresServer.start(version);
                TestDatabase database = TestDatabase.create(server)) {
            database.execute(
                    "CREATE ROLE migrator LOGIN REPLICATION",
                    "GRANT CREATE ON DATABASE %s TO migrator".formatted(database.name()),
                    "GRANT ALL ON SCHEMA public TO migrator",
                    "CREATE TABLE orders (id int PRIMARY KEY)",
                    "INSERT INTO orders SELECT generate_series(1, %d)".formatted(ROWS),
                    "ALTER TABLE orders OWNER TO migrator");
            Files.createFile(file);
            PaceSettings pace = new PaceSettings(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(file),
                    Optional.of(Limit.at(Duration.ofSeconds(5))),
                    Optional.empty());
            Running running = start(TestConnections.database(server.jdbcUrl("migrator", database.name())), pace);
            running.awaitDetail("standing still: ", "--pace-file");
            Files.delete(file);
            running.awaitDetail("the role may not see how far replicas are: GRANT pg_read_all_stats");

            running.migration().stop();
            assertThat(running.future()).failsWithin(Duration.ofMinutes(1));
        }
    }
}
