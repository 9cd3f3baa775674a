package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;

import dev.walshift.engine.Patience;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Stops a migration of the table {@code orders} at a station until it is released, by what a real application could do: locks, snapshots,
 * and a function of its own in the mapping and in an index that waits for an advisory lock.
 */
final class Hold implements AutoCloseable {
    static final Duration PATIENCE = Patience.PATIENCE;
    static final int ROWS = 1_000;

    /** Both a mapping of column n and an index of column k call {@code public.gate(int)}. */
    static final String ALTER = "ALTER COLUMN id TYPE bigint, ALTER COLUMN n TYPE bigint USING public.gate(n)";

    /** At this row, or this value of k, the gate is. */
    private static final int GATE_ROW = 500;

    private final TestDatabase database;
    private final Station station;
    private final Connection keeper;
    private final Deque<Hold> before = new ArrayDeque<>();

    private Hold(TestDatabase database, Station station, Connection keeper) {
        this.database = database;
        this.station = station;
        this.keeper = keeper;
    }

    /** Makes the table, with what a table has: a serial, an index that calls for attention, a clustering mark, a role's rights. */
    static void createTable(TestDatabase database) throws SQLException {
        database.execute(
                """
                CREATE FUNCTION public.gate(n int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
                BEGIN
                    IF n = %d THEN
                        PERFORM pg_advisory_xact_lock_shared(place)
                           FROM (VALUES ('INSERT%%ctid%%', %d), ('CREATE%%INDEX%%walshift%%', %d),
                                        ('INSERT%%walshift\\_keys%%', %d), ('SELECT count%%FILTER%%', %d)) AS gates(statement, place)
                          WHERE current_query() LIKE statement;
                    END IF;
                    RETURN n;
                END $$
                """.formatted(
                                GATE_ROW,
                                Station.COPY.gate(),
                                Station.INDEX.gate(),
                                Station.CATCH_UP.gate(),
                                Station.VERIFY.gate()),
                "CREATE TABLE orders (id serial PRIMARY KEY, n int, k int, note text, spare int)",
                "INSERT INTO orders (n, k, note, spare) SELECT i, i, 'as it was', 7 FROM generate_series(1, %d) i"
                        .formatted(ROWS),
                "CREATE INDEX orders_k ON orders (public.gate(k))",
                "ALTER TABLE orders CLUSTER ON orders_pkey",
                "CREATE SCHEMA elsewhere");
    }

    /** Before the migration is started. */
    static Hold at(Station station, TestDatabase database) throws SQLException {
        Hold hold = new Hold(database, station, database.connect());
        switch (station) {
            case BEFORE_THE_FENCE -> {
                hold.keeper.setAutoCommit(false);
                hold.keep("SELECT pg_current_xact_id()");
            }
            case COPY, INDEX, VERIFY -> hold.keep("SELECT pg_advisory_lock(%d)".formatted(station.gate()));
            case CATCH_UP -> {
                hold.keep("SELECT pg_advisory_lock(%d)".formatted(station.gate()));
                // A key for the log, by a change in the middle of the copy.
                hold.before.push(at(Station.COPY, database));
            }
            case BEFORE_THE_SWAP -> {
                hold.keeper.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                hold.keeper.setAutoCommit(false);
                hold.keep("SELECT count(*) FROM pg_class");
            }
            case LOCK_QUEUE -> {
                hold.keeper.setAutoCommit(false);
                hold.keep("LOCK TABLE orders IN ACCESS SHARE MODE");
            }
        }
        return hold;
    }

    /** Until the migration waits at the station. */
    void awaitArrival(Migration migration) throws SQLException {
        switch (station) {
            case BEFORE_THE_FENCE -> awaitWaiting("transactionid");
            case COPY, INDEX, VERIFY -> awaitWaiting("advisory");
            case CATCH_UP -> {
                try (Hold copy = before.pop()) {
                    copy.awaitArrival(migration);
                    database.execute("UPDATE orders SET note = note WHERE id = %d".formatted(GATE_ROW));
                }
                awaitWaiting("advisory");
            }
            case BEFORE_THE_SWAP -> awaitDetail(migration, "older snapshot");
            case LOCK_QUEUE -> awaitDetail(migration, "lock not granted");
        }
    }

    private static void awaitDetail(Migration migration, String text) {
        await().pollInterval(Duration.ofMillis(10))
                .until(() -> migration.progress().detail().contains(text));
    }

    private void awaitWaiting(String lockType) throws SQLException {
        String waiting = """
            SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
             WHERE l.locktype = '%s' AND NOT l.granted AND a.datname = current_database()
            """.formatted(lockType);
        // Not the keeper's session: in a transaction pg_stat_activity stands still.
        try (Connection connection = database.connect()) {
            await().pollInterval(Duration.ofMillis(10))
                    .until(() -> !Scenario.list(connection, waiting).isEmpty());
        }
    }

    private void keep(String sql) throws SQLException {
        try (Statement statement = keeper.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Lets the migration go on. */
    @Override
    public void close() throws SQLException {
        try (keeper) {
            while (!before.isEmpty()) {
                before.pop().close();
            }
        }
    }
}
