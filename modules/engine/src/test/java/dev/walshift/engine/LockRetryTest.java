package dev.walshift.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.migration.TestConnections;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rule: whoever waits for us while we wait for a lock is never the one to be told of a deadlock. */
final class LockRetryTest {
    private static final QualifiedName TABLE = QualifiedName.of("public", "select \"it's\" {all}");
    private static final SqlTemplate LOCK_TIMEOUT = SqlTemplate.of("SELECT current_setting('lock_timeout')");
    private static final SqlTemplate OWN_LOCKS = SqlTemplate.of("""
        SELECT l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
         WHERE l.pid = pg_backend_pid() AND c.relname = ?
        """);

    private final TestDatabase database = SharedServers.freshDatabase();
    private final StopSignal never = new StopSignal();

    @BeforeEach
    void makeTable() throws SQLException {
        database.execute(
                "CREATE TABLE %s (a int)".formatted(TABLE),
                "ALTER DATABASE \"%s\" SET deadlock_timeout = '2s'".formatted(database.name()));
    }

    @AfterEach
    void dropTable() throws SQLException {
        database.close();
    }

    private static LockRetry once(Duration lockTimeout) {
        return new LockRetry(lockTimeout, 1, Duration.ofMillis(10), below -> 0);
    }

    private String lockTimeoutOf(LockRetry locks) throws SQLException {
        try (Session session = TestConnections.database(database).open("test")) {
            return locks.run(session, "test", never, tx -> tx.queryOne(LOCK_TIMEOUT, row -> row.getString(1)));
        }
    }

    @Test
    void itsTimeoutIsShortOfTheServersDeadlockTimeout() throws SQLException {
        assertThat(lockTimeoutOf(once(Duration.ofSeconds(30)))).isEqualTo("1s");
        assertThat(lockTimeoutOf(once(Duration.ofMillis(300)))).isEqualTo("300ms");
    }

    @Test
    void theStrongLockIsAskedForWithNothingInHand() throws SQLException {
        try (Session session = TestConnections.database(database).open("test")) {
            List<String> held = once(Duration.ofMillis(300))
                    .runOn(
                            TABLE,
                            session,
                            "test",
                            never,
                            tx -> tx.query(OWN_LOCKS, row -> row.getString(1), TABLE.name()));

            assertThat(held).isEmpty();
        }
    }
}
