package dev.walshift.engine.sync;

import dev.walshift.engine.StopSignal;
import dev.walshift.engine.Workers;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.pace.Pace;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.DataRejected;
import dev.walshift.engine.table.SourceGuard;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Shortens a long key log: batches, parallel workers with disjoint keys, each its own snapshot. Claims no exactness; a row that collides
 * with another one which is yet to change stays logged, for the exact step.
 */
final class BulkStep {
    private static final int BATCH_PER_WORKER = 10_000;

    /** Of the log, read at once: where few rows are written over and over, a batch of keys is many entries. */
    private static final int MOST_ENTRIES = 200_000;

    private static final int CONFLICT_ATTEMPTS = 5;

    /** A row and its index entries, deleted and inserted; pages written whole after a checkpoint can make it many times that. */
    private static final long WAL_PER_KEY = 512;

    private final Database database;
    private final Blueprint table;
    private final KeyLog keyLog;
    private final KeyReader reader;
    private final AtomicLong applied;
    private final Pace pace;
    /** Shares are applied side by side; one that lost against another is alone, or it would lose again. */
    private final ReadWriteLock turns = new ReentrantReadWriteLock();

    private Duration took = Duration.ZERO;

    BulkStep(Database database, KeyLog keyLog, AtomicLong applied, Pace pace) {
        this.database = database;
        this.table = keyLog.table();
        this.keyLog = keyLog;
        this.reader = new KeyReader(table);
        this.applied = applied;
        this.pace = pace;
    }

    /** Goes once through the log as it is now. */
    void sweep(Session session, int workers, StopSignal stop) throws SQLException {
        long next = keyLog.first();
        long last = keyLog.last(session);
        int keys = Math.min(BATCH_PER_WORKER * workers, MOST_ENTRIES);
        try (Sessions sessions = new Sessions()) {
            int limit = keys;
            LoggedKeys batch;
            do {
                long unused = pace.admit(took, keys * WAL_PER_KEY, stop);
                long began = System.nanoTime();
                // Read before any worker takes its snapshot: what is visible now is visible in each of theirs.
                batch = reader.visibleNow(session, next, limit);
                next = batch.last() + 1;
                apply(batch.keys(), sessions, workers, stop);
                took = Duration.ofNanos(System.nanoTime() - began);
                limit = Math.clamp(
                        (long) keys * limit / Math.max(1, batch.keys().size()), keys, MOST_ENTRIES);
            } while (batch.entries() > 0 && next <= last);
        }
    }

    private void apply(List<LoggedKey> batch, Sessions sessions, int workers, StopSignal stop) throws SQLException {
        List<Workers.Task> tasks = new ArrayList<>();
        for (List<LoggedKey> share : byKey(batch, workers)) {
            tasks.add(signal -> {
                try {
                    sessions.use(step -> applyShare(step, share, signal));
                } catch (SQLException e) {
                    throw DataRejected.explain(table, e);
                }
            });
        }
        Workers.run("sync", stop, tasks, signal -> {});
    }

    /** What is done in a session. */
    private interface Use {
        void with(StepSession step) throws SQLException;
    }

    /** As many sessions as work at a time, kept from batch to batch: to open one takes a good part of what a batch does. */
    private final class Sessions implements AutoCloseable {
        private final Queue<StepSession> idle = new ConcurrentLinkedQueue<>();

        /** One in which something failed is not used again. */
        void use(Use use) throws SQLException {
            Optional<StepSession> found = Optional.ofNullable(idle.poll());
            StepSession step = found.isPresent() ? found.get() : StepSession.open(database, table);
            try {
                use.with(step);
            } catch (SQLException | RuntimeException | Error e) {
                closeAfter(e, step);
                throw e;
            }
            idle.add(step);
        }

        private static void closeAfter(Throwable failure, StepSession step) {
            try {
                step.close();
            } catch (SQLException e) {
                failure.addSuppressed(e);
            }
        }

        @Override
        public void close() throws SQLException {
            for (StepSession step : idle) {
                step.close();
            }
        }
    }

    /** The same key always goes to the same worker, so that no two of them write the same row. */
    private static List<List<LoggedKey>> byKey(List<LoggedKey> batch, int workers) {
        List<List<LoggedKey>> shares = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            shares.add(new ArrayList<>());
        }
        for (LoggedKey key : batch) {
            shares.get(Math.floorMod(key.line().hashCode(), workers)).add(key);
        }
        return shares.stream().filter(share -> !share.isEmpty()).toList();
    }

    /** Applies a share; what collides, or loses against another worker too often, stays logged. */
    private void applyShare(StepSession step, List<LoggedKey> share, StopSignal stop) throws SQLException {
        if (table.hasDeferrableConstraint()) {
            applyByHalves(step, share, stop);
            return;
        }
        List<String> lines = LoggedKey.lines(share);
        for (int attempt = 1; attempt <= CONFLICT_ATTEMPTS; attempt++) {
            Lock turn = attempt == 1 ? turns.readLock() : turns.writeLock();
            turn.lock();
            try {
                stop.check();
                Set<String> skipped = step.session().inTransaction(Isolation.REPEATABLE_READ, tx -> {
                    String unused = SourceGuard.hold(tx, table);
                    step.load(lines);
                    return step.replaceWhatFits();
                });
                List<Long> done = LoggedKey.ids(share.stream()
                        .filter(key -> !skipped.contains(key.line()))
                        .toList());
                keyLog.remove(step.session(), done);
                applied.addAndGet(done.size());
                return;
            } catch (SQLException e) {
                // Two workers whose rows collide on another unique index; whoever lost tries again in a fresh
                // transaction, alone.
                if (!SqlStates.isConflict(e)) {
                    throw e;
                }
            } finally {
                turn.unlock();
            }
        }
    }

    /** The same without ON CONFLICT: where a row collides, by halves, so that only what collides stays logged. */
    private void applyByHalves(StepSession step, List<LoggedKey> share, StopSignal stop) throws SQLException {
        stop.check();
        try {
            boolean unused = step.session().inTransaction(Isolation.REPEATABLE_READ, tx -> {
                String snapshot = SourceGuard.hold(tx, table);
                step.load(LoggedKey.lines(share));
                step.replace();
                return snapshot.isEmpty();
            });
            List<Long> done = LoggedKey.ids(share);
            keyLog.remove(step.session(), done);
            applied.addAndGet(done.size());
        } catch (SQLException e) {
            if (!SqlStates.isCollision(e) && !SqlStates.isConflict(e)) {
                throw e;
            }
            if (share.size() > 1) {
                int half = share.size() / 2;
                applyByHalves(step, share.subList(0, half), stop);
                applyByHalves(step, share.subList(half, share.size()), stop);
            }
        }
    }
}
