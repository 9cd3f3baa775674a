package dev.walshift.engine.migration;

import static dev.walshift.engine.Patience.await;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.pace.Budgets;
import dev.walshift.engine.pace.Limit;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** Limits that are near, and limits that are reached. */
final class BudgetsTest {
    private static final long KB = 1L << 10;
    private static final long MB = 1L << 20;

    /** About 400 bytes a row: some 25 MB of WAL by the copy. */
    private static final int ROWS = 60_000;

    /** In the first chunk, so that little WAL is written before. */
    private static final int GATE_ROW = 100;

    private static final String ALTER = "ALTER COLUMN id TYPE bigint, ALTER COLUMN n TYPE bigint USING public.gate(n)";
    private static final String MORE_WAL =
            "CREATE TABLE noise AS SELECT repeat('x', 1000) AS t FROM generate_series(1, 16000)";

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void endThreads() {
        threads.shutdownNow();
    }

    /** A table, a migration of it at the gate, and what the test does then. */
    private interface AtTheGate {
        void run(TestDatabase database, Gate gate, Running running) throws Exception;
    }

    private record Running(Migration migration, CompletableFuture<MigrationReport> future) {
        MigrationException failure() {
            try {
                throw new AssertionError("it ended well: " + future.join());
            } catch (CompletionException e) {
                return (MigrationException) e.getCause();
            }
        }
    }

    private void atTheGate(ServerVersion version, Budgets budgets, AtTheGate test) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Gate gate = Gate.closedAt(database, GATE_ROW)) {
            database.execute(
                    "CREATE TABLE orders (id int PRIMARY KEY, n int, note text)",
                    "INSERT INTO orders SELECT i, i, repeat('x', 350) FROM generate_series(1, %d) i".formatted(ROWS),
                    // Or else the copy's reading writes whole pages to the WAL after each checkpoint, for their hint
                    // bits.
                    "VACUUM orders");
            Migration migration = migration(database, ALTER, budgets);
            Running running = new Running(migration, supplyAsync(migration::run, threads));
            gate.awaitArrival();
            test.run(database, gate, running);
        }
    }

    private static Migration migration(TestDatabase database, String alter, Budgets budgets) {
        return new Migration(
                TestConnections.database(database), Scenario.request("orders", alter), Scenario.SETTINGS.with(budgets));
    }

    private static Budgets slotWal(long bytes) {
        return new Budgets(Optional.of(Limit.at(bytes)), Optional.empty(), Optional.empty(), Optional.empty());
    }

    private static Budgets keyLog(long bytes) {
        return new Budgets(Optional.empty(), Optional.of(Limit.at(bytes)), Optional.empty(), Optional.empty());
    }

    private static Budgets snapshotAge(Duration time) {
        return new Budgets(Optional.empty(), Optional.empty(), Optional.of(Limit.at(time)), Optional.empty());
    }

    private static Budgets time(Duration time) {
        return new Budgets(Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(Limit.at(time)));
    }

    private static void assertGivenUp(TestDatabase database, MigrationException failure) throws SQLException {
        assertThat(failure).isInstanceOf(FailedException.class);
        assertThat(failure.code()).isEqualTo(ProblemCode.BUDGET_EXCEEDED);
        try (Connection connection = database.connect()) {
            Scenario.assertNothingLeft(connection);
            assertThat(Scenario.list(connection, "SELECT count(*) || ' ' || pg_typeof(min(id)) FROM orders"))
                    .containsExactly(ROWS + " integer");
        }
    }

    @ParameterizedTest
    @OnMajors
    void copyingStandsStillNearTheLimitAndGoesOnWhenTheSlotMoves(ServerVersion version) throws Exception {
        atTheGate(version, slotWal(12 * MB), (database, gate, running) -> {
            long copied;
            try (Connection application = database.connect();
                    Statement statement = application.createStatement()) {
                application.setAutoCommit(false);
                // Keeps the slot where it is, on every server.
                statement.execute("UPDATE orders SET note = 'changed' WHERE id = 7");
                gate.open();
                await().until(() -> detail(running).contains("waiting until the slot moves"));
                copied = awaitStandstill(running);
                assertThat(copied).isLessThan(ROWS);
                application.commit();
            }
            awaitMoreThan(copied, database, running);
            running.migration().stop();

            assertThat(running.failure()).hasMessage("stopped on request");
        });
    }

    /** Until more rows are copied. A checkpoint writes the record that moves the slot, which may otherwise take 15 s. */
    private static void awaitMoreThan(long copied, TestDatabase database, Running running) {
        await().pollInterval(Duration.ofSeconds(1)).until(() -> {
            database.execute("CHECKPOINT");
            return running.future().isDone() || running.migration().progress().rowsCopied() > copied;
        });
    }

    /** Until two chunks' time goes by without a row. */
    private static long awaitStandstill(Running running) {
        long[] before = {-1};
        await().pollInterval(Duration.ofMillis(500)).until(() -> {
            long last = before[0];
            before[0] = running.migration().progress().rowsCopied();
            return before[0] == last;
        });
        return before[0];
    }

    private static String detail(Running running) {
        return running.migration().progress().detail();
    }

    @ParameterizedTest
    @OnMajors
    void givesUpWhenTheSlotKeepsTooMuchWal(ServerVersion version) throws Exception {
        atTheGate(version, slotWal(8 * MB), (database, gate, running) -> {
            database.execute(MORE_WAL);
            awaitSlotWal(database, 8 * MB);
            gate.open();

            MigrationException failure = running.failure();

            assertThat(failure).hasMessageContaining("keep").hasMessageContaining("--max-slot-wal is 8.0 MB");
            assertThat(failure.remedy()).contains("the slot is dropped", "raise --max-slot-wal");
            assertGivenUp(database, failure);
        });
    }

    private static void awaitSlotWal(TestDatabase database, long bytes) {
        await().until(() -> {
            try (Connection connection = database.connect()) {
                return Long.parseLong(Scenario.list(connection, """
                    SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint
                      FROM pg_replication_slots WHERE database = current_database()
                    """).getFirst()) > bytes;
            }
        });
    }

    @ParameterizedTest
    @OnMajors
    void goesOnWithASlotThatKeptMoreThanTheLimitWhileNobodyRan(ServerVersion version) throws Exception {
        atTheGate(version, Budgets.DEFAULT, (database, gate, running) -> {
            running.migration().stop();
            gate.open();
            assertThat(running.failure()).isInstanceOf(InterruptedMigrationException.class);
            database.execute(MORE_WAL);
            awaitSlotWal(database, 12 * MB);

            Migration again = migration(database, ALTER, slotWal(12 * MB));
            long copied = running.migration().progress().rowsCopied();
            Running resumed = new Running(again, supplyAsync(again::run, threads));
            await().until(() -> detail(resumed).contains("waiting until the slot moves"));
            awaitMoreThan(copied, database, resumed);
            again.stop();

            assertThat(resumed.failure()).hasMessage("stopped on request");
        });
    }

    @ParameterizedTest
    @OnMajors
    void givesUpWhenTheKeyLogIsTooLarge(ServerVersion version) throws Exception {
        atTheGate(version, keyLog(512 * KB), (database, gate, running) -> {
            database.execute("UPDATE orders SET n = n + 1 WHERE id > %d".formatted(ROWS / 2));
            await().until(() -> detail(running).contains("--max-key-log is 512 kB"));
            gate.open();

            MigrationException failure = running.failure();

            assertThat(failure).hasMessageContaining("the log of changed keys takes");
            assertGivenUp(database, failure);
        });
    }

    @ParameterizedTest
    @OnMajors
    void givesUpAnIndexBuildThatHoldsBackVacuumForTooLong(ServerVersion version) throws Exception {
        atTheGate(version, snapshotAge(Duration.ofSeconds(3)), (database, gate, running) -> {
            try (Connection blocker = database.connect();
                    Statement statement = blocker.createStatement()) {
                blocker.setAutoCommit(false);
                // A build that takes long: it needs a lock that writers of the table have.
                statement.execute("LOCK TABLE walshift_1.orders IN ROW EXCLUSIVE MODE");
                gate.open();
                await().until(() -> {
                    try (Connection connection = database.connect()) {
                        return Scenario.list(
                                        connection,
                                        "SELECT 1 FROM pg_replication_slots WHERE database = current_database()")
                                .isEmpty();
                    }
                });
            }

            MigrationException failure = running.failure();

            assertThat(failure)
                    .hasMessageContaining("\"walshift index\" (process")
                    .hasMessageContaining("--max-snapshot-age is 3 s");
            assertGivenUp(database, failure);
        });
    }

    @Test
    void isInterruptedWhenItsTimeIsOverAndGoesOnInTheNextRun() throws Exception {
        ServerVersion version = PostgresServer.defaultMajors().getLast();
        // Much longer than it takes to get to the gate.
        atTheGate(version, time(Duration.ofSeconds(10)), (database, gate, running) -> {
            await().until(() -> Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().equals("walshift-time-limit")));
            gate.open();

            MigrationException failure = running.failure();

            assertThat(failure)
                    .isInstanceOf(InterruptedMigrationException.class)
                    .hasMessage("stopped after 10 s, as --max-time says");
            assertThat(failure.code()).isEqualTo(ProblemCode.BUDGET_EXCEEDED);
            assertThat(failure.remedy()).contains("slot keeps WAL");
            assertThat(migration(database, ALTER, time(Duration.ofMinutes(5)))
                            .run()
                            .verified())
                    .isTrue();
        });
    }

    @ParameterizedTest
    @OnMajors
    void aChangeInPlaceIsGivenUpWhenItsTimeIsOver(ServerVersion version) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            database.execute("CREATE TABLE orders (id int PRIMARY KEY)");
            reader.setAutoCommit(false);
            statement.execute("SELECT FROM orders");
            Migration migration = migration(database, "ADD COLUMN note text", time(Duration.ofSeconds(3)));

            assertThatThrownBy(migration::run)
                    .isInstanceOfSatisfying(
                            InterruptedMigrationException.class,
                            e -> assertThat(e.code()).isEqualTo(ProblemCode.BUDGET_EXCEEDED))
                    .hasMessageContaining("--max-time");
            assertThat(Scenario.list(
                            reader,
                            "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0"))
                    .containsExactly("id");
        }
    }
}
