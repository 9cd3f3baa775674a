package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** An application that draws values from a serial's sequence by name, before it touches the table in the same transaction. */
final class SerialUnderLoadTest {
    private static final int CLIENTS = 4;

    @Test
    void neverDrawsAValueTwiceAndNeverDeadlocks() throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase();
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            database.execute(
                    "CREATE TABLE orders (id serial PRIMARY KEY, note text)",
                    "INSERT INTO orders (note) SELECT 'x' FROM generate_series(1, 5000)");
            AtomicBoolean enough = new AtomicBoolean();
            List<Future<Integer>> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(threads.submit(client(database, enough)));
            }

            MigrationReport report = Scenario.migration(database, Scenario.request("orders", "ALTER id TYPE bigint"))
                    .run();

            enough.set(true);
            int inserted = 0;
            for (Future<Integer> client : clients) {
                inserted += client.get();
            }
            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(connection, "SELECT count(*) FROM orders"))
                    .containsExactly(Integer.toString(5000 + inserted));
            assertThat(Scenario.list(connection, """
                SELECT pg_get_serial_sequence('orders', 'id') || ' ' || seqtypid::regtype
                  FROM pg_sequence WHERE seqrelid = 'orders_id_seq'::regclass
                """)).containsExactly("public.orders_id_seq bigint");
            Scenario.assertNothingLeft(connection);
        }
    }

    private static Callable<Integer> client(TestDatabase database, AtomicBoolean enough) {
        return () -> {
            int inserted = 0;
            try (Connection connection = database.connect()) {
                connection.setAutoCommit(false);
                while (!enough.get()) {
                    insert(connection);
                    inserted++;
                }
            }
            return inserted;
        };
    }

    private static void insert(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            String id =
                    Scenario.list(connection, "SELECT nextval('orders_id_seq')").getFirst();
            statement.execute("SELECT pg_sleep(0.002)");
            statement.execute("INSERT INTO orders (id, note) VALUES (%s, 'new')".formatted(id));
            connection.commit();
        }
    }
}
