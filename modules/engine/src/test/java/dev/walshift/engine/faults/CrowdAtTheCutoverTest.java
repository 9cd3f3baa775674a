package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.cutover.CutoverSettings;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationSettings;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Many sessions of all habits use the table while the cutover wants it. */
final class CrowdAtTheCutoverTest {
    private static final Logger log = LoggerFactory.getLogger(CrowdAtTheCutoverTest.class);

    /** Each a session that does its statements again and again, with a pause in between. */
    private static final List<List<String>> HABITS = List.of(
            List.of("SELECT * FROM orders WHERE id = 77", "SELECT pg_sleep(0.002)"),
            List.of("SELECT count(*) FROM orders", "SELECT pg_sleep(0.01)"),
            List.of(
                    "BEGIN",
                    "SELECT * FROM orders WHERE id = 5",
                    "SELECT pg_sleep(0.05)",
                    "SELECT n FROM orders WHERE id = 6",
                    "COMMIT",
                    "SELECT pg_sleep(0.1)"),
            List.of(
                    "BEGIN",
                    "SELECT * FROM orders WHERE id = 8 FOR UPDATE",
                    "SELECT pg_sleep(0.02)",
                    "UPDATE orders SET note = 'locked first' WHERE id = 8",
                    "COMMIT",
                    "SELECT pg_sleep(0.05)"),
            // Reads, then writes: a lock that grows while we may be between the two.
            List.of(
                    "BEGIN",
                    "SELECT * FROM orders WHERE id = 9",
                    "UPDATE orders SET note = 'read first' WHERE id = 9",
                    "SELECT n FROM other",
                    "COMMIT",
                    "SELECT pg_sleep(0.01)"),
            List.of(
                    "BEGIN",
                    "LOCK TABLE orders IN SHARE MODE",
                    "SELECT count(*) FROM orders",
                    "COMMIT",
                    "SELECT pg_sleep(0.1)"),
            List.of(
                    "BEGIN",
                    "LOCK TABLE other, orders IN ROW EXCLUSIVE MODE",
                    "UPDATE other SET n = n + 1",
                    "UPDATE orders SET note = note WHERE id = 10",
                    "COMMIT",
                    "SELECT pg_sleep(0.01)"),
            List.of("ANALYZE orders", "CREATE TABLE third (a int)", "DROP TABLE third", "SELECT pg_sleep(0.2)"));

    /**
     * With tables that foreign keys tie to it, which are locked before it: in that order, in the other, and one of them alone. Those that
     * take the other order rest between, for the swap can't get through while one of them is under way.
     */
    private static final List<List<String>> HABITS_OF_TIED = List.of(
            List.of(
                    "BEGIN",
                    "UPDATE orders SET note = 'orders first' WHERE id = 8",
                    "SELECT pg_sleep(0.02)",
                    "INSERT INTO items VALUES (8)",
                    "COMMIT",
                    "SELECT pg_sleep(0.3)"),
            List.of(
                    "BEGIN",
                    "INSERT INTO items VALUES (9)",
                    "SELECT pg_sleep(0.02)",
                    "UPDATE orders SET note = 'items first' WHERE id = 9",
                    "COMMIT",
                    "SELECT pg_sleep(0.01)"),
            List.of(
                    "BEGIN",
                    "SELECT * FROM orders WHERE id = 5",
                    "SELECT pg_sleep(0.02)",
                    "UPDATE customers SET name = 'read orders first'",
                    "COMMIT",
                    "SELECT pg_sleep(0.3)"),
            List.of(
                    "BEGIN",
                    "UPDATE customers SET name = 'before orders'",
                    "SELECT count(*) FROM orders",
                    "COMMIT",
                    "SELECT pg_sleep(0.05)"),
            List.of(
                    "BEGIN",
                    "LOCK TABLE items IN SHARE MODE",
                    "SELECT n FROM orders WHERE id = 6",
                    "COMMIT",
                    "SELECT pg_sleep(0.1)"),
            List.of(
                    "INSERT INTO orders (id, n, k, spare) VALUES (-1, -1, -1, 7)",
                    "INSERT INTO items VALUES (-1)",
                    "DELETE FROM orders WHERE id = -1"),
            List.of("SELECT count(*) FROM customers", "SELECT pg_sleep(0.002)"),
            List.of("SELECT count(*) FROM items WHERE o = 8", "SELECT pg_sleep(0.002)"));

    @Test
    void meetsNoDeadlockAndNoLongWait() throws Exception {
        migrateBeside(HABITS, List.of("CREATE TABLE other AS SELECT 1 AS n"));
    }

    @Test
    void meetsNoneOnTheTablesThatForeignKeysTieToItEither() throws Exception {
        migrateBeside(
                HABITS_OF_TIED,
                List.of(
                        "CREATE TABLE customers AS SELECT 7 AS id, 'as it was' AS name",
                        "ALTER TABLE customers ADD PRIMARY KEY (id)",
                        "ALTER TABLE orders ADD FOREIGN KEY (spare) REFERENCES customers",
                        "CREATE TABLE items (o int REFERENCES orders ON DELETE CASCADE)"));
    }

    private static void migrateBeside(List<List<String>> habits, List<String> others) throws Exception {
        Map<String, String> settings = Map.of("deadlock_timeout", "200ms", "log_lock_waits", "on");
        try (PostgresServer server =
                        PostgresServer.start(PostgresServer.defaultMajors().getLast(), settings);
                TestDatabase database = TestDatabase.create(server);
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Hold.createTable(database);
            database.execute(others.toArray(String[]::new));
            try (Crowd crowd = Crowd.of(database, habits, threads)) {
                MigrationReport report = Scenario.migration(database, Scenario.request("orders", Hold.ALTER))
                        .run();
                crowd.stayAndLeave();

                log.info(
                        "{}; the swap took {} attempts", crowd, report.cutover().attempts());
                assertThat(crowd.errors()).isEmpty();
                assertThat(server.log()).doesNotContain("deadlock detected");
                assertThat(report.verified()).isTrue();
                assertThat(Scenario.list(connection, "SELECT count(*) FROM orders WHERE n = k AND id > 0"))
                        .containsExactly(Integer.toString(Hold.ROWS));
                assertThat(Scenario.list(connection, "SELECT conname FROM pg_constraint WHERE NOT convalidated"))
                        .isEmpty();
                Scenario.assertNothingLeft(connection);
            }
        }
    }

    @Test
    void aRepeatableReaderOfTheTableIsWaitedForAndSeesItsRowsToTheEnd() throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase();
                Connection connection = database.connect();
                Connection reader = repeatableReader(database);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Hold.createTable(database);
            String sum = "SELECT count(*) || ' ' || sum(n) FROM orders WHERE note = 'as it was'";
            List<String> first = Scenario.list(reader, sum);
            Migration migration = Scenario.migration(database, Scenario.request("orders", Hold.ALTER));

            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
            await().until(() -> migration.progress().detail().contains("cutover attempt 2"));
            database.execute("UPDATE orders SET note = 'changed'");
            assertThat(Scenario.list(reader, sum)).isEqualTo(first);
            reader.commit();

            assertThat(running.join().verified()).isTrue();
            assertThat(Scenario.list(connection, "SELECT count(*) FROM orders WHERE n = k AND note = 'changed'"))
                    .containsExactly(Integer.toString(Hold.ROWS));
            Scenario.assertNothingLeft(connection);
        }
    }

    /** As after any ALTER TABLE that rewrites: docs/decisions/0006-old-snapshots.md. */
    @Test
    void aRepeatableReaderOfOtherTablesIsGivenWayToABoundedNumberOfTimes() throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase();
                Connection connection = database.connect();
                Connection reader = repeatableReader(database)) {
            Hold.createTable(database);
            assertThat(Scenario.list(reader, "SELECT 1")).hasSize(1);
            MigrationSettings usual = Scenario.SETTINGS;
            CutoverSettings twice = new CutoverSettings(
                    usual.cutover().lock(),
                    usual.cutover().vacuumPatience(),
                    usual.cutover().drain(),
                    2);

            MigrationReport report = new Migration(
                            TestConnections.database(database),
                            Scenario.request("orders", Hold.ALTER),
                            usual.with(twice))
                    .run();

            // More if something else came between, such as autovacuum.
            assertThat(report.cutover().attempts()).isGreaterThanOrEqualTo(3);
            assertThat(Scenario.list(reader, "SELECT count(*) FROM orders")).containsExactly("0");
            reader.commit();
            assertThat(Scenario.list(reader, "SELECT count(*) FROM orders WHERE n = k"))
                    .containsExactly(Integer.toString(Hold.ROWS));
            Scenario.assertNothingLeft(connection);
        }
    }

    private static Connection repeatableReader(TestDatabase database) throws SQLException {
        Connection reader = database.connect();
        reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        reader.setAutoCommit(false);
        return reader;
    }

    /** What an apply worker of a subscription does: its changes carry an origin, and are to be copied like any other. */
    @Test
    void changesThatCarryAnOriginArrive() throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase();
                Connection connection = database.connect();
                Connection replica = database.connect();
                Statement statement = replica.createStatement();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Hold.createTable(database);
            String origin = "walshift_test_" + database.name();
            statement.execute("SELECT pg_replication_origin_create('%1$s'), pg_replication_origin_session_setup('%1$s')"
                    .formatted(origin));
            statement.execute("SET session_replication_role = replica");
            Migration migration = Scenario.migration(database, Scenario.request("orders", Hold.ALTER));
            CompletableFuture<MigrationReport> running;
            try (Hold hold = Hold.at(Station.COPY, database)) {
                running = CompletableFuture.supplyAsync(migration::run, threads);
                hold.awaitArrival(migration);
                statement.execute("UPDATE orders SET note = 'applied' WHERE id % 2 = 0");
                statement.execute("DELETE FROM orders WHERE id % 10 = 3");
            }

            MigrationReport report = running.join();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(
                            connection,
                            "SELECT note || ' ' || count(*) FROM orders WHERE n = k GROUP BY note ORDER BY 1"))
                    .containsExactly("applied 500", "as it was 400");
            statement.execute(
                    "SELECT pg_replication_origin_session_reset(), pg_replication_origin_drop('%s')".formatted(origin));
            Scenario.assertNothingLeft(connection);
        }
    }
}
