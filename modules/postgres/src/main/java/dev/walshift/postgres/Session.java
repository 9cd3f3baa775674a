package dev.walshift.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * One connection, used by one thread at a time; only {@link #cancel()} may be called by others. Outside {@link #inTransaction}
 * each statement is a transaction of its own.
 */
public final class Session implements AutoCloseable {
    private static final SqlTemplate BEGIN = SqlTemplate.of("BEGIN ISOLATION LEVEL {isolation}");

    /** It has semicolons inside, and once the driver met one it does not see where the statement ends. */
    private static final Pattern ATOMIC_BODY = Pattern.compile("\\bBEGIN\\s+ATOMIC\\b", Pattern.CASE_INSENSITIVE);

    private static final String SAVEPOINT = "SAVEPOINT walshift_trial";
    private static final String TAKE_BACK = "ROLLBACK TO SAVEPOINT walshift_trial; RELEASE SAVEPOINT walshift_trial";

    private final Connection connection;

    /** Takes over {@code connection}, in autocommit mode: closing the session closes it. */
    public Session(Connection connection) {
        this.connection = connection;
    }

    /** What is done in one transaction. */
    @FunctionalInterface
    public interface Work<T> {
        T run(Session session) throws SQLException;
    }

    /** {@link Work} without a result. */
    @FunctionalInterface
    public interface Task {
        void run(Session session) throws SQLException;
    }

    /** Reads the row that {@code row} stands on. */
    @FunctionalInterface
    public interface RowReader<T> {
        T read(ResultSet row) throws SQLException;
    }

    /**
     * Runs {@code work} in a transaction and commits; rolls back on any failure, which is thrown on.
     *
     * @throws CommitUnknownException if the connection was lost during COMMIT
     */
    public <T> T inTransaction(Isolation isolation, Work<T> work) throws SQLException {
        execute(BEGIN.with("isolation", isolation));
        T result;
        try {
            result = work.run(this);
        } catch (SQLException | RuntimeException | Error e) {
            rollBack("ROLLBACK", e);
            throw e;
        }
        commit();
        return result;
    }

    /** {@link #inTransaction} for work without a result, READ COMMITTED. */
    public void transact(Task task) throws SQLException {
        boolean unused = inTransaction(Isolation.READ_COMMITTED, session -> {
            task.run(session);
            return true;
        });
    }

    /**
     * Runs work in the transaction under way and takes all of it back: what it made, what it set, and the locks it took.
     *
     * @throws SQLException that of the work; the transaction goes on after it
     */
    public <T> T tryOut(Work<T> work) throws SQLException {
        execute(SAVEPOINT);
        T result;
        try {
            result = work.run(this);
        } catch (SQLException | RuntimeException | Error e) {
            rollBack(TAKE_BACK, e);
            throw e;
        }
        execute(TAKE_BACK);
        return result;
    }

    private void commit() throws SQLException {
        try {
            execute("COMMIT");
        } catch (SQLException e) {
            throw SqlStates.isConnectionLost(e) ? new CommitUnknownException(e) : e;
        }
    }

    private void rollBack(String statement, Throwable cause) {
        try {
            if (!connection.isClosed()) {
                execute(statement);
            }
        } catch (SQLException e) {
            // The session is gone, and with it the transaction: the server rolls it back.
            cause.addSuppressed(e);
        }
    }

    /** Runs one or more utility statements, which take no parameters. */
    public void execute(SqlPart statement) throws SQLException {
        execute(statement.sql());
    }

    /** Runs many of them in as few round trips as can be. */
    public void executeAll(List<? extends SqlPart> statements) throws SQLException {
        List<SqlPart> together = new ArrayList<>();
        for (SqlPart statement : statements) {
            together.add(statement);
            if (ATOMIC_BODY.matcher(statement.sql()).find()) {
                execute(SqlText.join(";\n", together));
                together.clear();
            }
        }
        if (!together.isEmpty()) {
            execute(SqlText.join(";\n", together));
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Runs a statement that changes rows and tells how many. */
    public long update(SqlPart statement, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement prepared = prepare(statement, parameters)) {
            return prepared.executeLargeUpdate();
        }
    }

    /** All rows; for results known to be small. */
    public <T> List<T> query(SqlPart statement, RowReader<T> reader, @Nullable Object... parameters)
            throws SQLException {
        try (PreparedStatement prepared = prepare(statement, parameters);
                ResultSet rows = prepared.executeQuery()) {
            List<T> result = new ArrayList<>();
            while (rows.next()) {
                result.add(reader.read(rows));
            }
            return result;
        }
    }

    /** The first row, if there is one. */
    public <T> Optional<T> queryFirst(SqlPart statement, RowReader<T> reader, @Nullable Object... parameters)
            throws SQLException {
        try (PreparedStatement prepared = prepare(statement, parameters);
                ResultSet rows = prepared.executeQuery()) {
            return rows.next() ? Optional.of(reader.read(rows)) : Optional.empty();
        }
    }

    /**
     * The only row.
     *
     * @throws IllegalStateException if there is none
     */
    public <T> T queryOne(SqlPart statement, RowReader<T> reader, @Nullable Object... parameters) throws SQLException {
        return queryFirst(statement, reader, parameters)
                .orElseThrow(() -> new IllegalStateException("no row from: " + statement.sql()));
    }

    /** {@code COPY ... FROM STDIN}; returns the number of rows. */
    public long copyIn(SqlPart statement, InputStream rows) throws SQLException {
        try {
            return connection.unwrap(PGConnection.class).getCopyAPI().copyIn(statement.sql(), rows);
        } catch (IOException e) {
            throw new SQLException("could not feed " + statement.sql(), "08000", e);
        }
    }

    /** {@code COPY ... TO STDOUT}, which takes no parameters; returns the number of rows. */
    public long copyOut(SqlPart statement, OutputStream rows) throws SQLException {
        try {
            return connection.unwrap(PGConnection.class).getCopyAPI().copyOut(statement.sql(), rows);
        } catch (IOException e) {
            throw new SQLException("could not read " + statement.sql(), "08000", e);
        }
    }

    private PreparedStatement prepare(SqlPart statement, @Nullable Object... parameters) throws SQLException {
        PreparedStatement prepared = connection.prepareStatement(statement.sql());
        try {
            for (int i = 0; i < parameters.length; i++) {
                bind(prepared, i + 1, parameters[i]);
            }
        } catch (SQLException | RuntimeException e) {
            prepared.close();
            throw e;
        }
        return prepared;
    }

    private void bind(PreparedStatement prepared, int index, @Nullable Object value) throws SQLException {
        switch (value) {
            case Lsn lsn -> prepared.setString(index, lsn.toString());
            case Xid xid -> prepared.setString(index, xid.toString());
            case Identifier identifier -> prepared.setString(index, identifier.name());
            case Long[] longs -> prepared.setArray(index, connection.createArrayOf("bigint", longs));
            case String[] strings -> prepared.setArray(index, connection.createArrayOf("text", strings));
            case null -> prepared.setNull(index, Types.NULL);
            default -> prepared.setObject(index, value);
        }
    }

    /**
     * From now on a statement with parameters is planned the first time it runs, and not again: for a session that runs something once to be
     * quick the second time.
     */
    public void planOnce() throws SQLException {
        connection.unwrap(PGConnection.class).setPrepareThreshold(1);
        execute("SET plan_cache_mode = force_generic_plan");
    }

    /** The server's major version. */
    public int serverMajor() throws SQLException {
        return connection.getMetaData().getDatabaseMajorVersion();
    }

    /** The server process behind this session ({@code pg_backend_pid()}). */
    public int backendPid() throws SQLException {
        return connection.unwrap(PGConnection.class).getBackendPID();
    }

    /** Asks the server to cancel the running statement, if there is one. Any thread. */
    public void cancel() throws SQLException {
        connection.unwrap(PGConnection.class).cancelQuery();
    }

    /** The JDBC connection, for what this class does not offer (the replication API). */
    public Connection connection() {
        return connection;
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
