package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationSettings;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A session of the application has read the table, and asks for a lock on it while walshift waits for it to end. If walshift held a lock
 * that is in its way, the server would tell it of a deadlock at once (ProcSleep, src/backend/storage/lmgr/proc.c).
 */
final class ReaderThatLocksTest {
    private static final String TABLE = "\"select it's {all}\"";

    /** So that an attempt lasts until the reader asks. */
    private static final MigrationSettings STUBBORN =
            Scenario.SETTINGS.with(new LockRetry(Duration.ofSeconds(30), 50, Duration.ofMillis(50), below -> 0));

    private final TestDatabase database = SharedServers.freshDatabase();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    /** What walshift needs the strong lock for. */
    enum Need {
        CHANGE_IN_PLACE("ADD COLUMN \"a new one\" int", Strategy.IN_PLACE),
        /** Of a table without a primary key. */
        REPLICA_IDENTITY("ALTER COLUMN id TYPE bigint", Strategy.SHADOW);

        private final String alter;
        private final Strategy strategy;

        Need(String alter, Strategy strategy) {
            this.alter = alter;
            this.strategy = strategy;
        }
    }

    @BeforeEach
    void makeTable() throws SQLException {
        database.execute(
                "CREATE TABLE %s (id int NOT NULL UNIQUE)".formatted(TABLE),
                "INSERT INTO %s SELECT generate_series(1, 100)".formatted(TABLE));
    }

    @AfterEach
    void dropTable() throws SQLException {
        threads.close();
        database.close();
    }

    @ParameterizedTest
    @EnumSource
    void isNotTheOneToBeToldOfADeadlock(Need need) throws Exception {
        Migration migration =
                new Migration(TestConnections.database(database), Scenario.request(TABLE, need.alter), STUBBORN);
        CompletableFuture<MigrationReport> running;
        try (Connection reader = database.connect()) {
            reader.setAutoCommit(false);
            execute(reader, "SELECT count(*) FROM " + TABLE);
            running = CompletableFuture.supplyAsync(migration::run, threads);
            awaitWaiting();
            execute(reader, "LOCK TABLE %s IN SHARE MODE".formatted(TABLE));
            reader.commit();
        }
        assertThat(running.join().strategy()).isEqualTo(need.strategy);
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void awaitWaiting() throws SQLException {
        try (Connection look = database.connect()) {
            await().atMost(Hold.PATIENCE)
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> !Scenario.list(look, """
                        SELECT pid FROM pg_locks
                         WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation = '%s'::regclass
                        """.formatted(TABLE.replace("'", "''")))
                            .isEmpty());
        }
    }
}
