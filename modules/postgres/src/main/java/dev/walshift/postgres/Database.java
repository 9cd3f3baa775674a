package dev.walshift.postgres;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Opens sessions on one database. Any thread.
 *
 * <p>Every session pins the settings that decide how a value is turned into text and back, so that a key that leaves the server
 * in one session and enters it in another is the same key, whatever role, database or JVM say.
 */
public final class Database {
    /**
     * How values look as text, and that no timeout set for people ends a session of ours; no JIT, which takes longer than most of our
     * statements. Set after connecting, as poolers refuse most
     * startup parameters, and so that it wins over the TimeZone that the driver sends. DateStyle keeps the server's order of day and
     * month, which decides how text is read.
     */
    private static final SqlTemplate PIN = SqlTemplate.of("""
        SET DateStyle = 'ISO';
        SET IntervalStyle = 'postgres';
        SET TimeZone = 'UTC';
        SET extra_float_digits = 3;
        SET bytea_output = 'hex';
        SET lc_monetary = 'C';
        SET row_security = off;
        SET jit = off;
        SET client_min_messages = warning;
        SET lock_timeout = 0;
        SET statement_timeout = 0;
        SET idle_in_transaction_session_timeout = 0;
        SET idle_session_timeout = 0;
        SET application_name = {application}
        """);

    private static final SqlTemplate NO_TRANSACTION_TIMEOUT = SqlTemplate.of("SET transaction_timeout = 0");
    private static final int TRANSACTION_TIMEOUT_SINCE = 17;

    /** Where connections come from. */
    @FunctionalInterface
    public interface ConnectionFactory {
        Connection connect() throws SQLException;
    }

    private static final SqlTemplate CLEAR_SEARCH_PATH = SqlTemplate.of("SET search_path = pg_catalog, pg_temp");

    private final ConnectionFactory ordinary;
    private final ConnectionFactory replication;

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
            session.execute(CLEAR_SEARCH_PATH);
        } catch (SQLException e) {
            session.close();
            throw e;
        }
        return session;
    }

    /** A session with the role's own search_path, for SQL that the operator wrote. */
    public Session openAsUser(String purpose) throws SQLException {
        return open(ordinary, purpose);
    }

    /** A connection for the replication API, pinned like any other: keys leave the server through it. The caller closes it. */
    public Connection openReplication() throws SQLException {
        return open(replication, "change stream").connection();
    }

    private static Session open(ConnectionFactory factory, String purpose) throws SQLException {
        Session session = new Session(factory.connect());
        try {
            session.execute(PIN.with("application", SqlText.literal("walshift " + purpose)));
            if (session.connection().getMetaData().getDatabaseMajorVersion() >= TRANSACTION_TIMEOUT_SINCE) {
                session.execute(NO_TRANSACTION_TIMEOUT);
            }
            return session;
        } catch (SQLException e) {
            session.close();
            throw e;
        }
    }
}
