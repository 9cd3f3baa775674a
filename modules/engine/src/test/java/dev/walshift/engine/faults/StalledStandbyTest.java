package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.PATIENCE;
import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.PostgresServer.StopMode;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The synchronous standby goes away in each phase. No commit of ours waits for it while it holds anything, so an application that does
 * not wait for standbys itself goes on, and so does the migration, the swap included; only "done" is not said before the standby has it.
 */
final class StalledStandbyTest {

    private static PostgresServer primary;
    private static PostgresServer standby;

    @BeforeAll
    static void startServers() throws SQLException {
        primary = PostgresServer.start(PostgresServer.defaultMajors().getLast());
        standby = primary.startStandby("late", Map.of());
        primary.configure(Map.of("synchronous_standby_names", "late", "synchronous_commit", "remote_apply"));
    }

    @AfterAll
    static void stopServers() {
        standby.close();
        primary.close();
    }

    static List<Phase> phases() {
        return HeldMigration.PHASES;
    }

    @ParameterizedTest
    @MethodSource("phases")
    void waitsForItOnlyAtTheVeryEnd(Phase phase) throws Exception {
        try (TestDatabase database = TestDatabase.create(primary);
                HeldMigration migration = HeldMigration.of(database);
                Connection connection = database.connect()) {
            migration.holdIn(phase);
            standby.stop(StopMode.FAST);
            try {
                migration.letGo();
                awaitJournal(connection, "SELECT id FROM walshift.migration WHERE state = 'FINISHED'");
                awaitJournal(connection, """
                    SELECT pid FROM pg_stat_activity
                     WHERE application_name = 'walshift migration' AND wait_event = 'SyncRep'
                    """);
                long committed = migration.committed();
                await().until(() -> migration.committed() > committed + 100);
            } finally {
                standby.startAgain();
            }
            migration.end();
        }
    }

    /** The change is made, and nobody has to wait until the standby is back to hear of it. */
    @Test
    void aStopEndsTheWaitForIt() throws Exception {
        try (TestDatabase database = TestDatabase.create(primary);
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            database.execute("CREATE TABLE orders (id int)");
            standby.stop(StopMode.FAST);
            try {
                Migration migration =
                        Scenario.migration(database, Scenario.request("orders", "ADD COLUMN \"a new one\" int"));
                CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
                awaitJournal(connection, """
                    SELECT pid FROM pg_stat_activity
                     WHERE application_name = 'walshift alter' AND wait_event = 'SyncRep'
                    """);
                migration.stop();

                assertThat(running)
                        .succeedsWithin(PATIENCE)
                        .satisfies(report -> assertThat(report.strategy()).isEqualTo(Strategy.IN_PLACE));
            } finally {
                standby.startAgain();
            }
        }
    }

    private static void awaitJournal(Connection connection, String query) {
        await().until(() -> !Scenario.list(connection, query).isEmpty());
    }
}
