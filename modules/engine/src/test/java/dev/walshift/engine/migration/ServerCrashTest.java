package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** The server dies in the middle of the copy, with chunks whose commits it had not flushed. */
final class ServerCrashTest {
    private static final int ROWS = 40_000;

    @Test
    void goesOnAfterTheServerCameBack() throws Exception {
        try (PostgresServer server =
                        PostgresServer.start(PostgresServer.defaultMajors().getLast());
                TestDatabase database = TestDatabase.create(server);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Gate gate = Gate.closedAt(database, 30_000);
            database.execute(
                    "CREATE TABLE orders (id int PRIMARY KEY, n int, note text)",
                    "INSERT INTO orders SELECT i, i, 'as it was' FROM generate_series(1, %d) i".formatted(ROWS));
            MigrationRequest request = Scenario.request(
                    "orders", "ALTER COLUMN id TYPE bigint, ALTER COLUMN n TYPE bigint USING public.gate(n)");
            Migration first = Scenario.migration(database, request);
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(first::run, threads);
            gate.awaitArrival();
            database.execute("UPDATE orders SET note = 'changed before the crash' WHERE id % 5 = 0");

            server.stop(PostgresServer.StopMode.IMMEDIATE);

            assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedMigrationException.class);
            server.startAgain();
            database.execute("UPDATE orders SET note = 'changed after the crash' WHERE id % 7 = 0");
            MigrationReport report = Scenario.migration(database, request).run();

            assertThat(report.verified()).isTrue();
            try (Connection connection = database.connect()) {
                assertThat(Scenario.list(
                                connection,
                                "SELECT note || ' ' || count(*) FROM orders WHERE id = n GROUP BY note ORDER BY 1"))
                        .containsExactly(
                                "as it was 27428", "changed after the crash 5714", "changed before the crash 6858");
                Scenario.assertNothingLeft(connection);
            }
        }
    }
}
