package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An autovacuum worker is at work on the table when the cutover wants it. */
final class VacuumAtTheCutoverTest {
    /** A page costs 2 or more, and what is over the limit is slept for, at most four times the delay a page. */
    private static final Map<String, String> SLOW_VACUUM = Map.of(
            "autovacuum", "off",
            "autovacuum_naptime", "1s",
            "autovacuum_vacuum_cost_limit", "1",
            "autovacuum_vacuum_cost_delay", "100ms");

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private PostgresServer server;
    private TestDatabase database;
    private Connection connection;

    @BeforeEach
    void makeTable() throws SQLException {
        server = PostgresServer.start(PostgresServer.defaultMajors().getLast(), SLOW_VACUUM);
        database = TestDatabase.create(server);
        connection = database.connect();
        Hold.createTable(database);
        // Some thirty pages.
        database.execute("ALTER TABLE orders SET (fillfactor = 30)", "VACUUM FULL orders");
    }

    @AfterEach
    void dropTable() throws SQLException {
        threads.shutdownNow();
        connection.close();
        server.close();
    }

    @Test
    void aPlainOneGivesWay() throws Exception {
        database.execute(
                "ALTER TABLE orders SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0)");
        Migration migration = migration();
        CompletableFuture<MigrationReport> running;
        try (Hold hold = Hold.at(Station.VERIFY, database)) {
            running = start(migration);
            hold.awaitArrival(migration);
            database.execute("UPDATE orders SET note = 'changed'");
            server.configure(Map.of("autovacuum", "on"));
            awaitVacuum("autovacuum: VACUUM%public.orders");
        }

        assertThat(running.join().verified()).isTrue();
        assertThat(server.log()).contains("canceling autovacuum task");
        assertRowsAre("changed");
    }

    @Test
    void oneAgainstWraparoundIsNamedAndWaitedFor() throws Exception {
        database.execute(
                "ALTER TABLE orders SET (autovacuum_freeze_max_age = 100000)",
                "ALTER SYSTEM SET synchronous_commit = off",
                "SELECT pg_reload_conf()",
                "DO $$ BEGIN FOR i IN 1..110000 LOOP PERFORM pg_current_xact_id(); COMMIT;" + " END LOOP; END $$");
        Migration migration = migration();
        CompletableFuture<MigrationReport> running;
        try (Hold hold = Hold.at(Station.VERIFY, database)) {
            running = start(migration);
            hold.awaitArrival(migration);
            server.configure(Map.of("autovacuum", "on"));
            awaitVacuum("autovacuum: VACUUM%public.orders (to prevent wraparound)");
        }

        await().pollInterval(Duration.ofMillis(10))
                .until(() -> migration.progress().detail().contains("to prevent wraparound"));
        // From 16 on a worker hears of it at once, before that after this table.
        server.configure(Map.of("autovacuum_vacuum_cost_delay", "0"));

        assertThat(running.join().cutover().attempts()).isGreaterThan(1);
        assertThat(server.log()).doesNotContain("canceling autovacuum task");
        assertRowsAre("as it was");
    }

    private Migration migration() {
        return Scenario.migration(database, Scenario.request("orders", Hold.ALTER));
    }

    private CompletableFuture<MigrationReport> start(Migration migration) {
        return CompletableFuture.supplyAsync(migration::run, threads);
    }

    private void awaitVacuum(String activity) {
        await().pollInterval(Duration.ofMillis(50))
                .until(() -> !Scenario.list(
                                connection,
                                "SELECT pid FROM pg_stat_activity WHERE query LIKE '%s'".formatted(activity))
                        .isEmpty());
    }

    private void assertRowsAre(String note) throws SQLException {
        assertThat(Scenario.list(connection, "SELECT count(*) FROM orders WHERE n = k AND note = '%s'".formatted(note)))
                .containsExactly(Integer.toString(Hold.ROWS));
        Scenario.assertNothingLeft(connection);
    }
}
