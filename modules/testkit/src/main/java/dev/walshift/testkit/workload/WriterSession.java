package dev.walshift.testkit.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;

/**
 * A writer's connection, replaced when it is lost. The new one is used only when the server has ended the old one, so that what
 * it reads about the last transaction is final. One thread.
 */
final class WriterSession implements AutoCloseable {
    /** Any number that other users of advisory locks are unlikely to choose. */
    private static final int LOCK_CLASS = 0x6c6f6164;

    private static final Duration BETWEEN_ATTEMPTS = Duration.ofMillis(50);
    /** admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout, idle_in_transaction_session_timeout. */
    private static final Set<String> ENDED_BY_SERVER = Set.of("57P01", "57P02", "57P03", "57P05", "25P03");

    private final ConnectionSource source;
    private final String name;
    private final StopSignal stop;
    private Connection connection;

    /**
     * Connects.
     *
     * @param name application_name, which no other session may have
     */
    WriterSession(ConnectionSource source, String name, StopSignal stop) throws SQLException {
        this.source = source;
        this.name = name;
        this.stop = stop;
        this.connection = open();
    }

    /** The present connection, not in auto-commit mode. */
    Connection connection() {
        return connection;
    }

    /** Whether this failure means that the server has ended or will end the session. */
    boolean isLost(SQLException failure) throws SQLException {
        String state = String.valueOf(failure.getSQLState());
        return state.startsWith("08") || ENDED_BY_SERVER.contains(state) || connection.isClosed();
    }

    /** Tries until there is a connection; false if that was given up. */
    boolean reconnect() {
        close();
        do {
            try {
                connection = open();
                return true;
            } catch (SQLException e) {
                // The server may be restarting, or a standby taking over.
            }
        } while (stop.pauseUnlessAbandoned(BETWEEN_ATTEMPTS));
        return false;
    }

    private Connection open() throws SQLException {
        Connection opened = source.connect();
        try (Statement statement = opened.createStatement()) {
            statement.execute("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'");
            endPredecessor(opened);
            opened.setAutoCommit(false);
            return opened;
        } catch (SQLException e) {
            opened.close();
            throw e;
        }
    }

    /** The lock belongs to the session, which gives it up only after the end of its transaction. */
    private void endPredecessor(Connection opened) throws SQLException {
        execute(opened, """
            SELECT pg_terminate_backend(pid)
              FROM pg_stat_activity
             WHERE application_name = ? AND pid <> pg_backend_pid()
            """);
        execute(opened, "SELECT set_config('application_name', ?, false)");
        execute(opened, "SELECT pg_advisory_lock(%d, hashtext(?))".formatted(LOCK_CLASS));
    }

    private void execute(Connection opened, String sql) throws SQLException {
        try (PreparedStatement statement = opened.prepareStatement(sql)) {
            statement.setString(1, name);
            statement.execute();
        }
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            // The connection is lost already, which is why we close it.
        }
    }
}
