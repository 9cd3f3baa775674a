package dev.walshift.engine.migration;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.postgres.Database;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.fault.FaultProxy;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Somebody ends one of the migration's sessions in the middle of the copy. */
final class LostSessionsTest {
    private static final int ROWS = 40_000;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final MigrationRequest REQUEST =
            Scenario.request("orders", "ALTER COLUMN id TYPE bigint, ALTER COLUMN n TYPE bigint USING public.gate(n)");
    private static final ReconnectSettings QUICK =
            new ReconnectSettings(3, Duration.ofSeconds(30), Duration.ofMillis(20));

    private final TestDatabase database = SharedServers.freshDatabase();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Migration migration =
            new Migration(TestConnections.database(database), REQUEST, Scenario.SETTINGS.with(QUICK));
    private Gate gate;
    private Connection connection;

    @BeforeEach
    void createTable() throws SQLException {
        gate = Gate.closedAt(database, 30_000);
        connection = database.connect();
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, n int)",
                "INSERT INTO orders SELECT i, i FROM generate_series(1, %d) i".formatted(ROWS));
    }

    @AfterEach
    void dropTable() throws SQLException {
        threads.close();
        connection.close();
        gate.close();
        database.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"migration", "change stream", "key log", "watch", "copy", "marker"})
    void goesOnByItself(String purpose) throws Exception {
        CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
        gate.awaitArrival();
        database.execute("DELETE FROM orders WHERE id % 7 = 0");

        // Some open their session a little later.
        await().until(() -> !terminate(purpose).isEmpty());
        gate.open();

        assertThat(running.join().verified()).isTrue();
        assertRowsAreExact();
    }

    /** It cannot even plan while somebody keeps the table locked: that is one more attempt, and no end. */
    @Test
    void goesOnWhenTheTableIsLockedAtFirst() throws Exception {
        CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
        gate.awaitArrival();
        try (Connection holder = database.connect();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            CompletableFuture<Void> locked = CompletableFuture.runAsync(
                    () -> {
                        try {
                            statement.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
                        } catch (SQLException e) {
                            throw new CompletionException(e);
                        }
                    },
                    threads);
            await().until(() -> !waiting("AccessExclusiveLock").isEmpty());
            assertThat(terminate("migration")).isNotEmpty();
            assertThat(terminate("copy")).isNotEmpty();
            locked.join();

            await().atMost(PATIENCE).until(() -> !waiting("AccessShareLock").isEmpty());
            List<String> first = waiting("AccessShareLock");
            await().atMost(PATIENCE)
                    .until(() -> running.isDone()
                            || waiting("AccessShareLock").stream().anyMatch(other -> !first.contains(other)));
            holder.rollback();
        }
        gate.open();

        assertThat(running.join().verified()).isTrue();
        Scenario.assertNothingLeft(connection);
    }

    /** The transactions that wait for a lock on the table. */
    private List<String> waiting(String mode) throws SQLException {
        return Scenario.list(connection, """
            SELECT pid || ' ' || virtualtransaction FROM pg_locks
             WHERE NOT granted AND mode = '%s' AND relation = 'orders'::regclass
            """.formatted(mode));
    }

    @Test
    void leavesOpenWhetherThereIsSomethingToGoOnWithWhenTheServerIsNotThere() {
        Database nowhere = new Database(
                () -> {
                    throw new SQLException("connection refused", "08001");
                },
                () -> {
                    throw new AssertionError("not before there is a slot");
                });

        assertThatThrownBy(() -> Scenario.migration(nowhere, REQUEST).run())
                .isInstanceOfSatisfying(
                        InterruptedMigrationException.class,
                        e -> assertThat(e.migration()).isEmpty())
                .hasMessage("connection refused");
    }

    /** Takes as long as it takes the watch to give up. */
    @Test
    void goesOnWhenTheNetworkSwallowedEverything() throws Exception {
        URI server = URI.create(database.url().substring("jdbc:".length()));
        try (FaultProxy network = FaultProxy.start(server.getHost(), server.getPort())) {
            String url = database.url().replace(":" + server.getPort() + "/", ":" + network.port() + "/");
            Migration remote = new Migration(TestConnections.database(url), REQUEST, Scenario.SETTINGS.with(QUICK));
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(remote::run, threads);
            gate.awaitArrival();
            network.goSilent();
            database.execute("DELETE FROM orders WHERE id % 7 = 0");
            gate.open();

            await().atMost(Duration.ofSeconds(90))
                    .until(() -> remote.progress().detail().contains("waiting for the server"));
            network.speakAgain();

            assertThat(running.join().verified()).isTrue();
            assertRowsAreExact();
        }
    }

    @Test
    void leavesItToTheOperatorWhenTheyAreLostAgainAndAgain() throws Exception {
        CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
        CompletableFuture<Void> terminator = CompletableFuture.runAsync(
                () -> await().pollInterval(Duration.ofMillis(20)).until(() -> {
                    terminate("copy");
                    return running.isDone();
                }),
                threads);

        assertThatThrownBy(running::join)
                .hasCauseInstanceOf(InterruptedMigrationException.class)
                .hasMessageContaining("terminating connection");
        terminator.join();
        gate.open();
        assertThat(migration.run().verified()).isTrue();
    }

    private void assertRowsAreExact() throws SQLException {
        assertThat(Scenario.list(connection, "SELECT count(*) FROM orders WHERE id = n AND id % 7 <> 0"))
                .containsExactly(Integer.toString(ROWS - ROWS / 7));
        Scenario.assertNothingLeft(connection);
    }

    private List<String> terminate(String purpose) throws SQLException {
        return Scenario.list(connection, """
            SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'walshift %s'
            """.formatted(purpose));
    }
}
