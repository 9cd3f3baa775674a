package dev.walshift.benchmark;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/** Looks five times a second at what a tool holds back on the server. One thread of its own, until it is closed. */
final class Sampler implements AutoCloseable {
    /** The pause is the server's. */
    private static final String LOOK = """
        SELECT (SELECT coalesce(max(pg_current_wal_lsn() - restart_lsn), 0) FROM pg_replication_slots),
               (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
                  FROM pg_stat_activity
                 WHERE backend_xmin IS NOT NULL AND datname = current_database() AND pid <> pg_backend_pid()
                   AND application_name <> 'pgbench')
          FROM pg_sleep(0.2)
        """;

    private final AtomicBoolean stopped = new AtomicBoolean();
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final Future<Most> result;

    Sampler(Arena arena) {
        Callable<Most> look = () -> look(arena);
        this.result = thread.submit(look);
    }

    /**
     * The most that was seen.
     *
     * @param slotLag bytes of WAL kept for a slot
     * @param snapshot seconds that a transaction of the tool's held a snapshot
     */
    record Most(double slotLag, double snapshot) {}

    private Most look(Arena arena) throws SQLException {
        Most most = new Most(0, 0);
        try (Connection connection = arena.open();
                Statement statement = connection.createStatement()) {
            while (!stopped.get()) {
                try (ResultSet rows = statement.executeQuery(LOOK)) {
                    rows.next();
                    most = new Most(
                            Math.max(most.slotLag(), rows.getDouble(1)), Math.max(most.snapshot(), rows.getDouble(2)));
                }
            }
        }
        return most;
    }

    /** Ends it. */
    Most stop() throws InterruptedException, SQLException {
        stopped.set(true);
        try {
            return result.get();
        } catch (ExecutionException e) {
            throw new SQLException(e.getCause());
        }
    }

    @Override
    public void close() {
        stopped.set(true);
        thread.close();
    }
}
