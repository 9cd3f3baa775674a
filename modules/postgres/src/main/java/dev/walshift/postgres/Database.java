package dev.walshift.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens sessions on one database. Any thread.
 *
 * <p>Every session pins the settings that decide how a value is turned into text and back, so that a key that leaves the server
 * in one session and enters it in another is the same key, whatever role, database or JVM say.
 */
public final class Database {
    private static final Logger log = LoggerFactory.getLogger(Database.class);

    /**
     * That no timeout set for people ends a session of ours, nor a default for transactions changes what ours may do and see; how values
     * look as text; no JIT, which takes longer than most of our statements. No commit waits for a standby, since it holds its locks
     * while it waits; who must wait says so (SET LOCAL ... TO DEFAULT). The server notices within a minute that we are
     * gone, and gives back what the session holds. Set after connecting, as poolers refuse most startup parameters,
     * and so that it wins over the TimeZone that the driver sends. DateStyle keeps the server's order of day and month, which decides
     * how text is read.
     */
    private static final SqlTemplate PIN = SqlTemplate.of("""
        SET statement_timeout = 0;
        SET lock_timeout = 0;
        SET idle_in_transaction_session_timeout = 0;
        SET idle_session_timeout = 0;
        SET default_transaction_isolation = 'read committed';
        SET default_transaction_read_only = off;
        SET default_transaction_deferrable = off;
        SET synchronous_commit = local;
        SET DateStyle = 'ISO';
        SET IntervalStyle = 'postgres';
        SET TimeZone = 'UTC';
        SET extra_float_digits = 3;
        SET bytea_output = 'hex';
        SET lc_monetary = 'C';
        SET row_security = off;
        SET quote_all_identifiers = off;
        SET jit = off;
        SET client_min_messages = warning;
        SET tcp_keepalives_idle = 30;
        SET tcp_keepalives_interval = 10;
        SET tcp_keepalives_count = 3;
        SET tcp_user_timeout = 60000;
        SET application_name = {application}
        """);

    /** Some operating systems can't do it, and then the server refuses the value. */
    private static final SqlTemplate NOTICE_WHILE_COMPUTING =
            SqlTemplate.of("SET client_connection_check_interval = 10000");

    private static final SqlTemplate NO_TRANSACTION_TIMEOUT = SqlTemplate.of("SET transaction_timeout = 0");
    private static final int TRANSACTION_TIMEOUT_SINCE = 17;

    /** Where connections come from. */
    @FunctionalInterface
    public interface ConnectionFactory {
        Connection connect() throws SQLException;
    }

    private static final SqlTemplate CLEAR_SEARCH_PATH = SqlTemplate.of("SET search_path = {path}");

    private final ConnectionFactory ordinary;
    private final ConnectionFactory replication;
    private final Set<Connection> open = ConcurrentHashMap.newKeySet();
    private final Set<Session> sessions = ConcurrentHashMap.newKeySet();

    /**
     * @param ordinary opens connections for SQL
     * @param replication opens connections in replication mode ({@code replication=database})
     */
    public Database(ConnectionFactory ordinary, ConnectionFactory replication) {
        this.ordinary = ordinary;
        this.replication = replication;
    }

    /**
     * A session that sees only pg_catalog, so that every name the server deparses comes schema-qualified and nothing of the
     * user's can stand in for a system function.
     *
     * @param purpose shown to the DBA as application_name, {@code walshift <purpose>}
     */
    public Session open(String purpose) throws SQLException {
        Session session = openAsUser(purpose);
        try {
            session.execute(CLEAR_SEARCH_PATH.with("path", new SqlText(SearchPath.SYSTEM.setting())));
        } catch (SQLException e) {
            session.close();
            throw e;
        }
        return session;
    }

    /** A session with the role's own search_path; no SQL of ours belongs there. */
    public Session openAsUser(String purpose) throws SQLException {
        Session session = open(ordinary, purpose);
        sessions.removeIf(old -> isClosed(old.connection()));
        sessions.add(session);
        return session;
    }

    /** A connection for the replication API, pinned like any other: keys leave the server through it. The caller closes it. */
    public Connection openReplication() throws SQLException {
        return open(replication, "change stream").connection();
    }

    /** Cancels what runs in any of the sessions now; whoever waits for it gets SQLSTATE 57014. The change stream goes on. */
    public void cancelAll() {
        for (Session session : sessions) {
            try {
                session.cancel();
            } catch (SQLException e) {
                // Its statement ends by itself, or with the connection.
                log.warn("a statement could not be cancelled: {}", e.getMessage());
            }
        }
    }

    /**
     * Cuts all sessions off, for when the network is gone: whatever waits for an answer in one of them fails now. The server notices later.
     */
    public void cutOff() {
        for (Connection connection : open) {
            try {
                connection.abort(Runnable::run);
            } catch (SQLException e) {
                log.debug("a connection could not be aborted", e);
            }
        }
    }

    private Session open(ConnectionFactory factory, String purpose) throws SQLException {
        Connection connection = factory.connect();
        open.removeIf(Database::isClosed);
        open.add(connection);
        Session session = new Session(connection);
        try {
            session.execute(PIN.with("application", SqlText.literal("walshift " + purpose)));
            noticeWhileComputing(session);
            if (session.serverMajor() >= TRANSACTION_TIMEOUT_SINCE) {
                session.execute(NO_TRANSACTION_TIMEOUT);
            }
            return session;
        } catch (SQLException e) {
            session.close();
            throw e;
        }
    }

    private static boolean isClosed(Connection connection) {
        try {
            return connection.isClosed();
        } catch (SQLException e) {
            throw new IllegalStateException("the driver answers this by itself", e);
        }
    }

    private static void noticeWhileComputing(Session session) throws SQLException {
        try {
            session.execute(NOTICE_WHILE_COMPUTING);
        } catch (SQLException e) {
            if (!SqlStates.is(e, SqlStates.INVALID_PARAMETER_VALUE)) {
                throw e;
            }
            log.debug("the server can't notice a lost client while it computes: {}", e.getMessage());
        }
    }
}
