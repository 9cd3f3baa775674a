package dev.walshift.testkit.workload;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Writers that change a table until told to stop, while a migration exchanges it under their feet, and that know exactly what
 * they have committed.
 *
 * <p>Lost connections are part of the game: a writer connects again and reads whether its last transaction was committed. Any
 * other failure is an error of the system under test, kept in {@link #errors()}. Any thread may call any method.
 */
public final class Workload implements AutoCloseable {
    /** For a server that is being restarted, or a standby that takes over. */
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(60);

    private static final Duration ABANDON_PATIENCE = Duration.ofSeconds(10);

    private final WorkloadTable table;
    private final WorkloadOptions options;
    private final ReadWriteLock gate = new ReentrantReadWriteLock(true);
    private final StopSignal stop = new StopSignal();
    private final Ledger ledger = new Ledger();
    private final List<Slice> slices = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    private Workload(WorkloadTable table, WorkloadOptions options) {
        this.table = table;
        this.options = options;
    }

    /**
     * Starts writing to a table.
     *
     * @param start what the table holds now, from {@link WorkloadTable#create} or from a former {@link #stop()}
     * @throws SQLException if a writer can't connect; no thread is left then
     */
    public static Workload start(ConnectionSource source, Truth start, WorkloadOptions options) throws SQLException {
        Workload workload = new Workload(start.table(), options);
        Writer.Shared shared = new Writer.Shared(
                source,
                workload.table,
                options,
                "workload-" + UUID.randomUUID().toString().substring(0, 8),
                workload.gate.readLock(),
                workload.stop,
                workload.ledger);
        try {
            for (int i = 0; i < options.writers(); i++) {
                Slice slice = new Slice(start, i, options.writers());
                workload.slices.add(slice);
                workload.startThread(new Writer(shared, i, slice), i);
            }
            return workload;
        } catch (SQLException | RuntimeException e) {
            workload.close();
            throw e;
        }
    }

    private void startThread(Writer writer, int index) {
        Thread thread = new Thread(writer, "workload-writer-%d".formatted(index));
        threads.add(thread);
        thread.start();
    }

    /** What was done so far; {@link WorkloadStats#since} makes a window of two. */
    public WorkloadStats stats() {
        return ledger.stats();
    }

    public WorkloadOptions options() {
        return options;
    }

    /** The first hundred failures that the application should never have met; empty if all went well. */
    public List<WorkloadError> errors() {
        return ledger.errors();
    }

    /**
     * Empties the table between the writers' transactions.
     *
     * @param connection in auto-commit mode
     */
    public void truncate(Connection connection) throws SQLException {
        gate.writeLock().lock();
        try (Statement statement = connection.createStatement()) {
            statement.execute("TRUNCATE " + table.name().sql());
            slices.forEach(Slice::truncate);
        } finally {
            gate.writeLock().unlock();
        }
    }

    /**
     * Stops all writers after their present transactions and tells what the table must hold now. Can be called again.
     *
     * @throws IllegalStateException if a writer does not come to an end within 70 s, for example because it waits for a lock
     */
    public Truth stop() {
        stop.stop();
        if (!join(STOP_PATIENCE)) {
            stop.abandon();
            if (!join(ABANDON_PATIENCE)) {
                throw new IllegalStateException(
                        "writers do not stop: %s; look at pg_stat_activity for what they wait for"
                                .formatted(
                                        threads.stream().filter(Thread::isAlive).toList()));
            }
        }
        Map<Integer, Optional<RowState>> changes = new HashMap<>();
        slices.forEach(slice -> changes.putAll(slice.changes()));
        return new Truth(
                table,
                slices.getFirst().loadedRows(),
                changes,
                slices.stream().mapToInt(Slice::nextSlot).max().orElseThrow(),
                slices.stream().mapToInt(Slice::nextToken).max().orElseThrow());
    }

    private boolean join(Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        try {
            for (Thread thread : threads) {
                Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
                if (!thread.join(left)) {
                    return false;
                }
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** As {@link #stop()}. */
    @Override
    public void close() {
        if (!slices.isEmpty()) {
            stop();
        }
    }

    @Override
    public String toString() {
        return "workload on %s, seed %d: %s".formatted(table.name(), options.seed(), stats().latency());
    }
}
