package dev.walshift.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.params.ParameterizedTest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The application uses the table by way of views and routines while the swap exchanges them. */
final class ViewsAtTheCutoverTest {
    private static final Logger log = LoggerFactory.getLogger(ViewsAtTheCutoverTest.class);

    private static final String[] QUERIES = {
        "CREATE VIEW notes AS SELECT k, note FROM orders",
        "CREATE VIEW notes_by_length AS SELECT length(note) AS l, count(*) AS c FROM notes GROUP BY 1",
        "CREATE VIEW every AS SELECT * FROM orders",
        "CREATE VIEW outermost AS SELECT e.id, e.note, n.c FROM every e JOIN notes_by_length n ON n.l = length(e.note)",
        "CREATE MATERIALIZED VIEW sums AS SELECT k % 7 AS g, sum(n) AS s FROM every GROUP BY 1",
        "CREATE FUNCTION counted() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM orders; END"
    };

    private static final List<List<String>> HABITS = List.of(
            List.of("SELECT * FROM notes WHERE k = 77", "SELECT pg_sleep(0.002)"),
            List.of("SELECT * FROM notes_by_length", "SELECT pg_sleep(0.005)"),
            List.of("SELECT count(*) FROM every", "SELECT pg_sleep(0.002)"),
            List.of("SELECT * FROM outermost WHERE id = 3", "SELECT pg_sleep(0.002)"),
            List.of("SELECT * FROM sums", "SELECT pg_sleep(0.01)"),
            List.of("SELECT counted()", "SELECT pg_sleep(0.005)"),
            List.of("UPDATE notes SET note = 'by view' WHERE k = 12", "SELECT pg_sleep(0.01)"),
            List.of("UPDATE every SET note = 'by view' WHERE id = 13", "SELECT pg_sleep(0.01)"),
            // In the order of the swap, and against it.
            List.of(
                    "BEGIN",
                    "SELECT * FROM outermost WHERE id = 3",
                    "SELECT pg_sleep(0.02)",
                    "SELECT n FROM orders WHERE id = 6",
                    "COMMIT",
                    "SELECT pg_sleep(0.1)"),
            List.of(
                    "BEGIN",
                    "SELECT n FROM orders WHERE id = 6",
                    "SELECT pg_sleep(0.02)",
                    "SELECT * FROM every WHERE id = 3",
                    "SELECT * FROM outermost WHERE id = 3",
                    "COMMIT",
                    "SELECT pg_sleep(0.1)"));

    private static Migration migration(TestDatabase database) {
        return Scenario.migration(
                database, Scenario.agreeing(Consent.MATERIALIZED_VIEWS, Scenario.request("orders", Hold.ALTER)));
    }

    @ParameterizedTest
    @OnMajors
    void nobodyWhoUsesThemMeetsAnErrorOrALongWait(ServerVersion version) throws Exception {
        Map<String, String> settings = Map.of("deadlock_timeout", "200ms", "log_lock_waits", "on");
        try (PostgresServer server = PostgresServer.start(version, settings);
                TestDatabase database = TestDatabase.create(server);
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Hold.createTable(database);
            database.execute(QUERIES);
            try (Crowd crowd = Crowd.of(database, HABITS, threads)) {
                MigrationReport report = migration(database).run();
                crowd.stayAndLeave();

                log.info(
                        "{}; the swap took {} attempts", crowd, report.cutover().attempts());
                assertThat(crowd.errors()).isEmpty();
                assertThat(server.log()).doesNotContain("deadlock detected");
                assertThat(report.verified()).isTrue();
                for (String relation : List.of("every", "outermost")) {
                    assertThat(Scenario.list(connection, "SELECT pg_typeof(id) FROM %s LIMIT 1".formatted(relation)))
                            .containsExactly("bigint");
                }
                assertThat(Scenario.list(connection, "SELECT sum(s) FROM sums")).containsExactly("500500");
                Scenario.assertNothingLeft(connection);
            }
        }
    }

    /** It has the old body in hand, which is bound to the old table: what it writes there must not be lost without a word. */
    @ParameterizedTest
    @OnMajors
    void aCallThatWaitsForTheSwapDoesNotWriteIntoTheRetiredTable(ServerVersion version) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                Connection reader = database.connect()) {
            Hold.createTable(database);
            database.execute(
                    "CREATE FUNCTION f_add() RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO orders (k) VALUES"
                            + " (-1); END",
                    "CREATE FUNCTION f_drop() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM orders WHERE k = 7;"
                            + " END",
                    "CREATE FUNCTION f_set() RETURNS void LANGUAGE sql BEGIN ATOMIC UPDATE orders SET note = 'set'"
                            + " WHERE k = 8; END");
            String source =
                    Scenario.list(connection, "SELECT 'orders'::regclass::oid").getFirst();
            reader.setAutoCommit(false);
            try (Statement statement = reader.createStatement()) {
                statement.execute("LOCK TABLE orders IN ACCESS SHARE MODE");
            }
            Migration migration = migration(database);
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
            awaitWaiting(connection, source, "AccessExclusiveLock", List.of());
            List<CompletableFuture<Optional<String>>> calls = List.of("f_add", "f_drop", "f_set").stream()
                    .map(function -> CompletableFuture.supplyAsync(() -> call(database, function), threads))
                    .toList();
            awaitWaiting(connection, source, "RowExclusiveLock", calls);
            reader.commit();

            assertThat(running.join().verified()).isTrue();
            String effects = "SELECT count(*) FILTER (WHERE k = -1) || ' ' || 1 - count(*) FILTER (WHERE k = 7) || ' '"
                    + " || count(*) FILTER (WHERE note = 'set') FROM orders";
            StringBuilder expected = new StringBuilder();
            for (CompletableFuture<Optional<String>> call : calls) {
                call.join().ifPresent(error -> assertThat(error).contains("call again"));
                expected.append(call.join().isEmpty() ? "1 " : "0 ");
            }
            assertThat(Scenario.list(connection, effects))
                    .containsExactly(expected.toString().trim());
            for (String function : List.of("f_add", "f_drop", "f_set")) {
                assertThat(call(database, function)).isEmpty();
            }
            assertThat(Scenario.list(connection, effects))
                    .singleElement()
                    .asString()
                    .matches("[12] 1 1");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** An attempt of the swap may give up meanwhile, and lets those behind it through; there is another one. */
    private static void awaitWaiting(
            Connection connection, String relation, String mode, List<CompletableFuture<Optional<String>>> calls) {
        String waiting = "SELECT pid FROM pg_locks WHERE relation = %s AND mode = '%s' AND NOT granted"
                .formatted(relation, mode);
        await().atMost(Hold.PATIENCE)
                .pollInterval(Duration.ofMillis(2))
                .until(() -> Scenario.list(connection, waiting).size() >= Math.max(1, calls.size())
                        || calls.stream().anyMatch(CompletableFuture::isDone));
    }

    /** The server's message, if it failed. */
    private static Optional<String> call(TestDatabase database, String function) {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT %s()".formatted(function));
            return Optional.empty();
        } catch (SQLException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
