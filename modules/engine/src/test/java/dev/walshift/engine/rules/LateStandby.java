package dev.walshift.engine.rules;

import static dev.walshift.engine.Patience.await;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;

/**
 * A primary and a synchronous standby that applies late or not at all: a commit then is in the WAL, and is decoded, long before any
 * other session sees it.
 */
final class LateStandby {
    /** Static, because JUnit offers no scope wider than a class; the servers end with the JVM by their own guards. */
    private static Optional<LateStandby> shared = Optional.empty();

    private static final SqlTemplate IS_SYNCHRONOUS =
            SqlTemplate.of("SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync'");
    private static final SqlTemplate PAUSE = SqlTemplate.of("SELECT pg_wal_replay_pause()");
    private static final SqlTemplate IS_PAUSED = SqlTemplate.of("SELECT pg_get_wal_replay_pause_state() = 'paused'");
    private static final SqlTemplate RESUME = SqlTemplate.of("SELECT pg_wal_replay_resume()");
    private static final SqlTemplate WAITING =
            SqlTemplate.of("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    private static final SqlTemplate WAIT = SqlTemplate.of("SET synchronous_commit = remote_apply");

    private final PostgresServer primary;
    private final PostgresServer standby;

    private LateStandby(PostgresServer primary, PostgresServer standby) {
        this.primary = primary;
        this.standby = standby;
    }

    /** The same for all classes; whoever pauses it or delays it undoes that. */
    static synchronized LateStandby shared() throws SQLException {
        if (shared.isEmpty()) {
            shared = Optional.of(start());
        }
        return shared.get();
    }

    private static LateStandby start() throws SQLException {
        // No transactions but the tests' own: autovacuum's have xids too.
        PostgresServer primary =
                PostgresServer.start(PostgresServer.defaultMajors().getLast(), Map.of("autovacuum", "off"));
        try {
            PostgresServer standby = primary.startStandby("late", Map.of());
            primary.configure(Map.of("synchronous_standby_names", "late"));
            try (Session session = new Session(primary.connect())) {
                await().until(() -> session.queryOne(IS_SYNCHRONOUS, row -> row.getBoolean(1)));
            }
            return new LateStandby(primary, standby);
        } catch (SQLException | RuntimeException e) {
            primary.close();
            throw e;
        }
    }

    PostgresServer primary() {
        return primary;
    }

    /** From here on nothing is applied. */
    void pause() throws SQLException {
        try (Session session = new Session(standby.connect())) {
            session.queryOne(PAUSE, row -> true);
            await().until(() -> session.queryOne(IS_PAUSED, row -> row.getBoolean(1)));
        }
    }

    void resume() throws SQLException {
        try (Session session = new Session(standby.connect())) {
            session.queryOne(RESUME, row -> true);
        }
    }

    /** Applies each commit that much later. */
    void delay(String time) throws SQLException {
        standby.configure(Map.of("recovery_min_apply_delay", time));
    }

    /** How many commits wait for the standby. */
    long waiting() throws SQLException {
        try (Session session = new Session(primary.connect())) {
            return session.queryOne(WAITING, row -> row.getLong(1));
        }
    }

    /** A session whose commits wait until the standby has applied them. */
    static Session patient(Connection connection) throws SQLException {
        Session session = new Session(connection);
        session.execute(WAIT);
        return session;
    }
}
