package dev.walshift.engine.migration;

import static dev.walshift.engine.Patience.await;

import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/**
 * Holds a migration at a chosen row of its copy: the mapping calls a function that waits for an advisory lock at that row. So a test
 * can do something in the middle of the copy without guessing when that is.
 */
public final class Gate implements AutoCloseable {
    private static final String LOCK = "4711";

    private final TestDatabase database;
    private final Connection keeper;

    private Gate(TestDatabase database, Connection keeper) {
        this.database = database;
        this.keeper = keeper;
    }

    /**
     * Makes function {@code public.gate(int)}, an identity function that waits at {@code row} while the gate is closed; closed at first. It
     * calls itself immutable, so that the comparison of both tables calls it too.
     */
    public static Gate closedAt(TestDatabase database, int row) throws SQLException {
        database.execute("""
            CREATE FUNCTION public.gate(n int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
            BEGIN
                IF n = %d THEN
                    PERFORM pg_advisory_xact_lock_shared(%s);
                END IF;
                RETURN n;
            END $$
            """.formatted(row, LOCK));
        Gate gate = new Gate(database, database.connect());
        gate.lock("pg_advisory_lock");
        return gate;
    }

    /** Until a session waits at the gate. */
    public void awaitArrival() throws SQLException {
        String waiting = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = " + LOCK;
        try (Connection connection = database.connect()) {
            await().pollInterval(Duration.ofMillis(10))
                    .until(() -> !Scenario.list(connection, waiting).isEmpty());
        }
    }

    public void open() throws SQLException {
        lock("pg_advisory_unlock");
    }

    /** Closes the gate again; waits for transactions that are passing it. */
    public void shut() throws SQLException {
        lock("pg_advisory_lock");
    }

    private void lock(String function) throws SQLException {
        try (Statement statement = keeper.createStatement()) {
            statement.execute("SELECT %s(%s)".formatted(function, LOCK));
        }
    }

    @Override
    public void close() throws SQLException {
        keeper.close();
    }
}
