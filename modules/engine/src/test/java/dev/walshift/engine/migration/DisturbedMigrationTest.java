package dev.walshift.engine.migration;

import static dev.walshift.engine.Patience.await;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.pace.Budgets;
import dev.walshift.engine.pace.Limits;
import dev.walshift.engine.pace.WalPace;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.AbstractList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Things that happen to the table, the server or us while a migration is half-way. */
final class DisturbedMigrationTest {
    private static final int ROWS = 40_000;
    private static final int GATE_ROW = 30_000;
    private static final int ROW_FILTERS_SINCE = 15;
    private static final String ALTER = "ALTER COLUMN id TYPE bigint, ALTER COLUMN n TYPE bigint USING public.gate(n)";

    /** Not the common pool: on two cores it has one thread. */
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private TestDatabase database;
    private Connection connection;
    private Gate gate;

    @BeforeEach
    void makeTable() throws SQLException {
        database = SharedServers.freshDatabase();
        connection = database.connect();
        gate = Gate.closedAt(database, GATE_ROW);
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, n int, note text)",
                "INSERT INTO orders SELECT i, i, repeat('x', 100) FROM generate_series(1, %d) i".formatted(ROWS));
    }

    @AfterEach
    void dropTable() throws SQLException {
        gate.close();
        threads.shutdownNow();
        connection.close();
        database.close();
    }

    @Test
    void stopsBetweenChunksAndGoesOnWhereItStopped() throws Exception {
        Migration first = migration();
        CompletableFuture<MigrationReport> running = start(first);
        gate.awaitArrival();
        database.execute("UPDATE orders SET note = 'changed while it ran' WHERE id % 7 = 0");
        first.stop();
        gate.open();

        assertThatThrownBy(running::join)
                .hasCauseInstanceOf(InterruptedMigrationException.class)
                .hasMessageContaining("stopped on request");
        database.execute("UPDATE orders SET note = 'changed while nobody ran' WHERE id % 11 = 0");
        MigrationReport report = migration().run();

        assertThat(report.verified()).isTrue();
        assertThat(report.rowsCopied()).isLessThanOrEqualTo(ROWS);
        assertThat(count("note = 'changed while nobody ran'")).isEqualTo(ROWS / 11);
        assertRowsAre(ROWS);
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void copiesAgainAfterTruncate() throws Exception {
        CompletableFuture<MigrationReport> running = start(migration());
        gate.awaitArrival();
        doAtTheGate("TRUNCATE orders; INSERT INTO orders SELECT i, i, 'after' FROM generate_series(5, 104) i");

        MigrationReport report = running.join();

        assertThat(report.verified()).isTrue();
        assertRowsAre(100);
        assertThat(count("note = 'after'")).isEqualTo(100);
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void copiesAgainAfterVacuumFull() throws Exception {
        database.execute("DELETE FROM orders WHERE id %% 2 = 0 AND id <> %d".formatted(GATE_ROW));
        CompletableFuture<MigrationReport> running = start(migration());
        gate.awaitArrival();
        doAtTheGate("VACUUM FULL orders");

        MigrationReport report = running.join();

        assertThat(report.verified()).isTrue();
        assertRowsAre(ROWS / 2 + 1);
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void refusesToSwapWhenSomebodyChangedTheSchema() throws Exception {
        CompletableFuture<MigrationReport> running = start(migration());
        gate.awaitArrival();
        doAtTheGate("ALTER TABLE orders ADD COLUMN precious text");

        assertThatThrownBy(running::join)
                .hasCauseInstanceOf(FailedException.class)
                .hasMessageContaining("somebody changed the schema");
        assertThat(Scenario.list(connection, "SELECT precious FROM orders LIMIT 1"))
                .hasSize(1);
        assertRowsAre(ROWS);
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void givesThePublicationUpWhenTheReplicaIdentityIsChanged() throws Exception {
        CompletableFuture<MigrationReport> running = start(migration());
        gate.awaitArrival();
        doAtTheGate("ALTER TABLE orders REPLICA IDENTITY FULL");

        assertThatThrownBy(running::join)
                .hasCauseInstanceOf(FailedException.class)
                .hasMessageContaining("replica identity");
        database.execute("UPDATE orders SET note = 'goes on' WHERE id = 1");
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void neverSwapsWhenThePublicationWasTakenAway() throws Exception {
        stopInTheMiddle();
        database.execute(
                "ALTER PUBLICATION walshift_1 DROP TABLE orders", "UPDATE orders SET note = 'unseen' WHERE id < 50");

        assertThatThrownBy(() -> migration().run())
                .isInstanceOfSatisfying(
                        FailedException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.PUBLICATION_LOST));
        assertThat(count("note = 'unseen'")).isEqualTo(49);
        Scenario.assertNothingLeft(connection);
    }

    /** From 15 on a publication can carry some of the rows. */
    @Test
    void neverSwapsWhenThePublicationWasMadeToCarrySomeRowsOnly() throws Exception {
        assumeTrue(connection.getMetaData().getDatabaseMajorVersion() >= ROW_FILTERS_SINCE);
        stopInTheMiddle();
        database.execute("ALTER PUBLICATION walshift_1 SET TABLE ONLY orders (id) WHERE (id > 100)");

        assertThatThrownBy(() -> migration().run())
                .isInstanceOfSatisfying(
                        FailedException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.PUBLICATION_LOST));
        Scenario.assertNothingLeft(connection);
    }

    /** The workers wait for what the watch measures. */
    @Test
    void anErrorInTheWatchEndsTheWork() throws Exception {
        stopInTheMiddle();
        Database server = TestConnections.database(database);
        Journal journal = new Journal();
        StopSignal work = new StopSignal();
        List<Blueprint> defective = new AbstractList<>() {
            @Override
            public Blueprint get(int index) {
                throw new IllegalStateException("a defect");
            }

            @Override
            public int size() {
                return 1;
            }
        };
        try (Session session = server.open("test")) {
            SlotName slot = Setup.slotName(session, 1);
            BudgetKeeper budgets = new BudgetKeeper(
                    Limits.inEffect(session, Budgets.DEFAULT, 0),
                    slot,
                    journal.relations(session, 1).getFirst(),
                    new WalPace());
            try (Watch watch = Watch.start(server, slot, defective, budgets, tx -> {}, Duration.ofSeconds(3), work)) {
                await().until(work::isRaised);

                assertThatThrownBy(watch::check)
                        .isInstanceOf(MigrationException.class)
                        .hasMessageContaining("an error in walshift itself")
                        .hasMessageContaining("a defect");
            }
        }
    }

    @Test
    void neverSwapsATableThatSomebodyPublishedMeanwhile() throws Exception {
        stopInTheMiddle();
        database.execute("CREATE PUBLICATION theirs FOR TABLE orders");

        assertThatThrownBy(() -> migration().run()).hasMessageContaining("somebody changed the schema");
        assertThat(Scenario.list(connection, "SELECT tablename FROM pg_publication_tables WHERE pubname = 'theirs'"))
                .containsExactly("orders");
    }

    @Test
    void seesAReplicaIdentityThatWasChangedWhileNobodyRan() throws Exception {
        stopInTheMiddle();
        database.execute("ALTER TABLE orders REPLICA IDENTITY FULL");

        assertThatThrownBy(() -> migration().run())
                .isInstanceOfSatisfying(
                        FailedException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.REPLICA_IDENTITY));
        database.execute("UPDATE orders SET note = 'goes on' WHERE id = 1");
        assertThat(Scenario.list(connection, "SELECT relreplident::text FROM pg_class WHERE oid = 'orders'::regclass"))
                .containsExactly("f");
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void neverDropsASchemaThatOnlyHasTheName() throws Exception {
        gate.open();
        database.execute("CREATE SCHEMA walshift_1", "CREATE TABLE walshift_1.precious AS SELECT 1 AS a");

        assertThatThrownBy(() -> migration().run())
                .isInstanceOf(FailedException.class)
                .hasMessageContaining("walshift_1");
        assertThat(Scenario.list(connection, "SELECT a FROM walshift_1.precious"))
                .containsExactly("1");
        assertThat(migration().run().verified()).isTrue();
    }

    @Test
    void namesTheRowThatDoesNotFitAndCleansUp() throws Exception {
        gate.open();
        database.execute("UPDATE orders SET note = 'not a number' WHERE id = 77");
        Migration migration = Scenario.migration(
                database,
                Scenario.request("orders", "ALTER note TYPE int USING nullif(replace(note, 'x', ''), '')::int"));

        assertThatThrownBy(migration::run)
                .isInstanceOf(FailedException.class)
                .hasMessageContaining("does not fit the new schema")
                .hasMessageContaining("not a number");
        assertRowsAre(ROWS);
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void refusesASecondProcessOnTheSameTable() throws Exception {
        CompletableFuture<MigrationReport> running = start(migration());
        gate.awaitArrival();

        assertThatThrownBy(() -> migration().run()).hasMessageContaining("another walshift process works on");

        gate.open();
        assertThat(running.join().verified()).isTrue();
    }

    @Test
    void refusesAnotherStatementWhileOneIsUnfinished() throws Exception {
        stopInTheMiddle();

        assertThatThrownBy(
                        () -> Scenario.migration(database, Scenario.request("orders", "ALTER note TYPE varchar(200)"))
                                .run())
                .hasMessageContaining("is not finished");
    }

    @Test
    void abortRemovesWhatAStoppedMigrationLeft() throws Exception {
        stopInTheMiddle();

        new Abort(TestConnections.database(database)).run(1);

        Scenario.assertNothingLeft(connection);
        assertRowsAre(ROWS);
        assertThatThrownBy(() -> new Abort(TestConnections.database(database)).run(1))
                .hasMessageContaining("over already");
    }

    @Test
    void losesTheSlotAndSaysSo() throws Exception {
        stopInTheMiddle();
        database.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database ="
                + " current_database()");

        assertThatThrownBy(() -> migration().run())
                .isInstanceOfSatisfying(
                        FailedException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.SLOT_LOST));
        Scenario.assertNothingLeft(connection);
        assertThat(migration().run().verified()).isTrue();
    }

    @Test
    void waitsForALockHolderWithoutMakingOthersQueueForLong() throws Exception {
        gate.open();
        try (Connection holder = database.connect();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("LOCK TABLE orders IN ACCESS SHARE MODE");
            Migration migration = migration();
            CompletableFuture<MigrationReport> running = start(migration);
            await().until(() -> migration.progress().detail().contains("lock not granted"));
            assertThat(migration.progress().detail()).contains("idle in transaction");
            holder.commit();

            assertThat(running.join().cutover().attempts()).isGreaterThan(1);
        }
        assertRowsAre(ROWS);
    }

    @Test
    void givesWayToATransactionWithAnOlderSnapshot() throws Exception {
        gate.open();
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            reader.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM pg_class");
            Migration migration = migration();
            CompletableFuture<MigrationReport> running = start(migration);
            await().until(() -> migration.progress().detail().contains("older snapshot"));
            assertThat(count("true")).isEqualTo(ROWS);
            reader.commit();

            assertThat(running.join().cutover().attempts()).isGreaterThan(1);
        }
    }

    private void stopInTheMiddle() throws SQLException {
        Migration first = migration();
        CompletableFuture<MigrationReport> running = start(first);
        gate.awaitArrival();
        first.stop();
        gate.open();
        assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedMigrationException.class);
    }

    private Migration migration() {
        return Scenario.migration(database, Scenario.request("orders", ALTER));
    }

    private CompletableFuture<MigrationReport> start(Migration migration) {
        return supplyAsync(migration::run, threads);
    }

    /** Runs a statement that needs ACCESS EXCLUSIVE; it queues behind the chunk that waits at the gate, and before the next chunk. */
    private void doAtTheGate(String statement) throws SQLException {
        CompletableFuture<Void> done = CompletableFuture.runAsync(() -> execute(statement), threads);
        await().pollInterval(Duration.ofMillis(10))
                .until(() -> !Scenario.list(
                                connection,
                                "SELECT pid FROM pg_locks WHERE relation = 'orders'::regclass AND NOT granted AND mode"
                                        + " = 'AccessExclusiveLock'")
                        .isEmpty());
        gate.open();
        done.join();
    }

    private void execute(String statements) {
        try {
            database.execute(statements);
        } catch (SQLException e) {
            throw new CompletionException(e);
        }
    }

    private void assertRowsAre(int rows) throws SQLException {
        assertThat(count("id = n")).isEqualTo(rows);
    }

    private int count(String condition) throws SQLException {
        return Integer.parseInt(Scenario.list(connection, "SELECT count(*) FROM orders WHERE " + condition)
                .getFirst());
    }
}
