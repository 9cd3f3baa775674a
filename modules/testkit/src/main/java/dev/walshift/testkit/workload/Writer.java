package dev.walshift.testkit.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.Lock;

/** One thread of a {@link Workload}: runs transactions on its own slice of the keys until told to stop. */
final class Writer implements Runnable {
    private static final Duration AFTER_ERROR = Duration.ofMillis(10);

    /**
     * What all writers of a workload share.
     *
     * @param runId part of application_name and of the prepared transactions' names
     * @param gate held by a writer during each transaction
     */
    record Shared(
            ConnectionSource source,
            WorkloadTable table,
            WorkloadOptions options,
            String runId,
            Lock gate,
            StopSignal stop,
            Ledger ledger) {}

    /** What became of a transaction whose connection was lost. */
    private enum Outcome {
        COMMITTED,
        ROLLED_BACK,
        /** The table holds neither what was there before nor what the transaction wrote. */
        NEITHER
    }

    private final Shared shared;
    private final int index;
    private final Slice slice;
    private final SplittableRandom random;
    private final Script script;
    private final WriterSession session;
    private int transactions;

    /**
     * Connects.
     *
     * @throws SQLException if that fails
     */
    Writer(Shared shared, int index, Slice slice) throws SQLException {
        this.shared = shared;
        this.index = index;
        this.slice = slice;
        this.random = new SplittableRandom(shared.options().seed() * 1_000_003 + index);
        this.script = new Script(random, slice);
        this.session = new WriterSession(shared.source(), "%s-%d".formatted(shared.runId(), index), shared.stop());
    }

    @Override
    public void run() {
        try (session) {
            while (!shared.stop().isStopping()) {
                shared.gate().lock();
                try {
                    runTransaction(shared.options().mix().draw(random));
                } finally {
                    shared.gate().unlock();
                }
                shared.stop().pause(shared.options().pause());
            }
        }
    }

    private void runTransaction(Operation operation) {
        String preparedName = "%s-%d-%d".formatted(shared.runId(), index, ++transactions);
        WriteTransaction transaction = new WriteTransaction(session.connection(), shared.table(), slice);
        boolean ending = false;
        long started = System.nanoTime();
        try {
            script.run(operation, transaction);
            ending = operation != Operation.ROLLBACK;
            end(operation, preparedName);
            if (ending) {
                slice.apply(transaction.staged());
            }
            shared.ledger().finished(operation, System.nanoTime() - started);
        } catch (SQLException | RuntimeException e) {
            recover(operation, transaction, ending ? Optional.of(preparedName) : Optional.empty(), e);
        }
    }

    private void end(Operation operation, String preparedName) throws SQLException {
        Connection connection = session.connection();
        switch (operation) {
            case ROLLBACK -> connection.rollback();
            case PREPARED -> {
                execute(connection, "PREPARE TRANSACTION '%s'".formatted(preparedName));
                commitPrepared(connection, preparedName);
            }
            default -> connection.commit();
        }
    }

    private static void commitPrepared(Connection connection, String preparedName) throws SQLException {
        // Not allowed inside a transaction, which the driver would begin otherwise.
        connection.setAutoCommit(true);
        execute(connection, "COMMIT PREPARED '%s'".formatted(preparedName));
        connection.setAutoCommit(false);
    }

    /**
     * Finds out what became of a transaction that did not end as it should, on a new connection.
     *
     * @param preparedName present if the server may have committed
     */
    private void recover(
            Operation operation, WriteTransaction transaction, Optional<String> preparedName, Exception failure) {
        if (isLost(failure)) {
            shared.ledger().lostConnection();
        } else {
            report(operation, transaction, failure);
            shared.stop().pause(AFTER_ERROR);
        }
        // A fresh session even after a mere error: the old one may be in any state.
        while (session.reconnect()) {
            try {
                if (preparedName.isPresent()) {
                    settle(operation, transaction, preparedName.get());
                }
                return;
            } catch (SQLException e) {
                if (!isLost(e)) {
                    report(operation, transaction, e);
                    return;
                }
            }
        }
        if (preparedName.isPresent()) {
            report(operation, transaction, new IllegalStateException("stopped before the outcome of COMMIT was known"));
        }
    }

    private boolean isLost(Exception failure) {
        try {
            return failure instanceof SQLException e && session.isLost(e);
        } catch (SQLException e) {
            return true;
        }
    }

    private void settle(Operation operation, WriteTransaction transaction, String preparedName) throws SQLException {
        Connection connection = session.connection();
        if (isPrepared(connection, preparedName)) {
            commitPrepared(connection, preparedName);
        }
        switch (outcome(connection, transaction.staged())) {
            case COMMITTED -> slice.apply(transaction.staged());
            case ROLLED_BACK -> {}
            case NEITHER ->
                report(operation, transaction, new IllegalStateException("""
                    after a lost COMMIT the rows are neither as before nor as written: %s
                    """.formatted(transaction.staged())));
        }
        connection.commit();
    }

    private static boolean isPrepared(Connection connection, String preparedName) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT 1 FROM pg_prepared_xacts WHERE gid = ?")) {
            statement.setString(1, preparedName);
            try (ResultSet rows = statement.executeQuery()) {
                boolean found = rows.next();
                connection.commit();
                return found;
            }
        }
    }

    /** Compares the rows' stamps, which are different after each write, with those before and after the transaction. */
    private Outcome outcome(Connection connection, Map<Integer, Optional<RowState>> staged) throws SQLException {
        boolean before = true;
        boolean after = true;
        for (Map.Entry<Integer, Optional<RowState>> change : staged.entrySet()) {
            Optional<String> stamp = readStamp(connection, change.getKey());
            before &= stamp.equals(stamp(slice.state(change.getKey())));
            after &= stamp.equals(stamp(change.getValue()));
        }
        return after ? Outcome.COMMITTED : before ? Outcome.ROLLED_BACK : Outcome.NEITHER;
    }

    private Optional<String> stamp(Optional<RowState> row) {
        return row.flatMap(state -> shared.table().content().value(state, Column.TOUCHED));
    }

    private Optional<String> readStamp(Connection connection, int slot) throws SQLException {
        WorkloadTable table = shared.table();
        String sql = "SELECT %s::text FROM %s WHERE %s"
                .formatted(
                        table.column(Column.TOUCHED).sql(),
                        table.name().sql(),
                        WriteTransaction.keyCondition(table).sql());
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            List<Optional<String>> key =
                    table.keyKind().key(slot).stream().map(Optional::of).toList();
            Truth.bind(statement, key);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
            }
        }
    }

    private void report(Operation operation, WriteTransaction transaction, Exception failure) {
        String sqlState = failure instanceof SQLException e && e.getSQLState() != null ? e.getSQLState() : "";
        shared.ledger()
                .failed(new WorkloadError(
                        Instant.now(), index, operation, transaction.lastStatement(), sqlState, failure.toString()));
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
