package dev.walshift.testkit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A database of a test's own, which {@link #close()} drops with all that keeps a database from being dropped. */
public final class TestDatabase implements AutoCloseable {
    private static final AtomicLong COUNTER = new AtomicLong();

    private final PostgresServer server;
    private final String name;

    private TestDatabase(PostgresServer server, String name) {
        this.server = server;
        this.name = name;
    }

    /** Creates an empty database on {@code server}. */
    public static TestDatabase create(PostgresServer server) {
        String name = "test_%d".formatted(COUNTER.incrementAndGet());
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + name);
        } catch (SQLException e) {
            throw new ServerException("cannot create the database %s".formatted(name), e);
        }
        return new TestDatabase(server, name);
    }

    /** A database that {@code server} has already, such as one of the primary whose standby it was. */
    public static TestDatabase existing(PostgresServer server, String name) {
        return new TestDatabase(server, name);
    }

    public PostgresServer server() {
        return server;
    }

    public String name() {
        return name;
    }

    /** The JDBC URL, with the superuser in it. */
    public String url() {
        return server.jdbcUrl(server.user(), name);
    }

    /** A new session of the superuser, in auto-commit mode. */
    public Connection connect() throws SQLException {
        return server.connect(server.user(), name);
    }

    /** Runs statements one after the other, each in a transaction of its own. */
    public void execute(String... statements) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** Ends all sessions, rolls back prepared transactions, drops subscriptions, replication slots and the database. */
    @Override
    public void close() throws SQLException {
        try (Connection inside = connect();
                Statement statement = inside.createStatement()) {
            endSessions(inside);
            for (String rollback : list(inside, """
                SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts WHERE database = ?
                """)) {
                statement.execute(rollback);
            }
            for (String drop : list(inside, """
                SELECT format('ALTER SUBSCRIPTION %1$I DISABLE; ALTER SUBSCRIPTION %1$I SET (slot_name = NONE); '
                              'DROP SUBSCRIPTION %1$I', subname)
                  FROM pg_subscription JOIN pg_database ON subdbid = pg_database.oid
                 WHERE datname = ?
                """)) {
                statement.execute(drop);
            }
        }
        try (Connection outside = server.connect();
                Statement statement = outside.createStatement()) {
            endSessions(outside);
            list(outside, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = ?");
            statement.execute("DROP DATABASE %s WITH (FORCE)".formatted(name));
        }
    }

    /** Waits until they are gone: a slot can't be dropped while its walsender lives. */
    private void endSessions(Connection connection) throws SQLException {
        list(connection, """
            SELECT pg_terminate_backend(pid, 60000)
              FROM pg_stat_activity
             WHERE datname = ? AND pid <> pg_backend_pid()
            """);
    }

    private List<String> list(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, name);
            try (ResultSet rows = statement.executeQuery()) {
                List<String> values = new ArrayList<>();
                while (rows.next()) {
                    values.add(String.valueOf(rows.getString(1)));
                }
                return values;
            }
        }
    }
}
