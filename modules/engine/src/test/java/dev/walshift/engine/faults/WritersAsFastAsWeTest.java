package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.migration.InterruptedMigrationException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.migration.MigrationSettings;
import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Whether catching up gets below what the cutover may take, while one row is always new. */
final class WritersAsFastAsWeTest {
    private static final int ROWS = 1_000;

    @Test
    void thatTheyAreIsToldToTheOperatorAndItGoesOn() throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase();
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                HotRow row = new HotRow(database, threads)) {
            database.execute(
                    """
                    CREATE FUNCTION public.slow(n int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
                    BEGIN
                        IF n < 0 THEN PERFORM pg_sleep(0.3); END IF;
                        RETURN n;
                    END $$
                    """,
                    "CREATE TABLE orders (id int PRIMARY KEY, n int)",
                    "INSERT INTO orders SELECT i, i FROM generate_series(1, %d) i".formatted(ROWS));
            MigrationRequest request = Scenario.request(
                    "orders", "ALTER COLUMN id TYPE bigint, ALTER COLUMN n TYPE bigint USING public.slow(n)");
            Migration migration = migration(database.url(), request, Duration.ofMillis(1));
            row.startToChange();

            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);

            await().until(() -> migration.progress().detail().contains("writers are about as fast as walshift"));
            assertThat(migration.progress().phase()).isEqualTo(Phase.CATCH_UP);
            migration.stop();
            assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedMigrationException.class);
            int last = row.last();

            assertThat(Scenario.migration(database, request).run().verified()).isTrue();
            assertThat(Scenario.list(connection, "SELECT n FROM orders WHERE id = 1"))
                    .containsExactly(Integer.toString(last));
            Scenario.assertNothingLeft(connection);
        }
    }

    /** Where a step's round trips alone take longer than the budget. */
    @Test
    void aSlowNetworkIsNotMistakenForFastWriters() throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase();
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                HotRow row = new HotRow(database, threads)) {
            database.execute(
                    "CREATE TABLE orders (id int PRIMARY KEY, n int)",
                    "INSERT INTO orders SELECT i, i FROM generate_series(1, %d) i".formatted(ROWS));
            row.startToChange();

            Migration migration = migration(
                    FarAway.url(database.url()),
                    Scenario.request("orders", "ALTER COLUMN id TYPE bigint"),
                    FarAway.ROUND_TRIP.multipliedBy(4));
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
            await().until(running::isDone);
            int last = row.last();

            assertThat(running.join().verified()).isTrue();
            assertThat(Scenario.list(connection, "SELECT n FROM orders WHERE id = 1"))
                    .containsExactly(Integer.toString(last));
            Scenario.assertNothingLeft(connection);
        }
    }

    private static Migration migration(String url, MigrationRequest request, Duration exactBudget) {
        MigrationSettings usual = Scenario.SETTINGS;
        return new Migration(TestConnections.database(url), request, usual.withExactBudget(exactBudget));
    }

    /** A row that is changed again and again. */
    private static final class HotRow implements AutoCloseable {
        private final TestDatabase database;
        private final ExecutorService threads;
        private final AtomicBoolean enough = new AtomicBoolean();
        private CompletableFuture<Integer> last = CompletableFuture.completedFuture(0);

        HotRow(TestDatabase database, ExecutorService threads) {
            this.database = database;
            this.threads = threads;
        }

        void startToChange() {
            last = CompletableFuture.supplyAsync(this::change, threads);
        }

        private int change() {
            int value = 0;
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                while (!enough.get()) {
                    value--;
                    statement.execute("UPDATE orders SET n = %d WHERE id = 1; SELECT pg_sleep(0.002)".formatted(value));
                }
                return value;
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }

        /** Ends it; returns the last value. */
        int last() {
            enough.set(true);
            return last.join();
        }

        @Override
        public void close() {
            enough.set(true);
        }
    }
}
