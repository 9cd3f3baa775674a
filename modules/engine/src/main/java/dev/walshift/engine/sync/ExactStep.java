package dev.walshift.engine.sync;

import dev.walshift.engine.StopSignal;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.DataRejected;
import dev.walshift.engine.table.SourceGuard;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.Xid;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Brings the shadow exactly to the state of the source at one snapshot, V.
 *
 * <p>V is taken first, then a marker is committed and awaited: whatever V sees committed before the marker, so its keys are in the log.
 * Of these exactly the ones that V sees are applied, by rows that V sees: a key whose transaction V does not see yet would be
 * re-read in its old state and lost, although the stream delivered it, since a commit is in the WAL before others can see it. All
 * deletes come before all inserts, so two rows may have swapped a unique value.
 *
 * <p>One thread.
 */
public final class ExactStep implements AutoCloseable {
    /** More keys than this would hold V too long; a bulk step has to come first. */
    public static final int MAX_KEYS = 50_000;

    /** Not long, since V and a lock on the source are held meanwhile. */
    private static final Duration MARKER_PATIENCE = Duration.ofSeconds(10);

    private static final SqlTemplate OWN_XID = SqlTemplate.of("SELECT pg_current_xact_id()");

    private final Blueprint table;
    private final KeyLog keyLog;
    private final KeyBarrier barrier;
    private final KeyReader reader;
    private final StepSession step;
    private final Session logSession;
    private final AtomicLong applied;

    private ExactStep(KeyLog keyLog, KeyBarrier barrier, StepSession step, Session logSession, AtomicLong applied) {
        this.table = keyLog.table();
        this.keyLog = keyLog;
        this.barrier = barrier;
        this.reader = new KeyReader(table);
        this.step = step;
        this.logSession = logSession;
        this.applied = applied;
    }

    /**
     * Opens the sessions for a table that has its indexes.
     *
     * @param barrier passes once the stream has delivered everything up to the present
     * @param applied counts applied keys
     */
    static ExactStep open(Database database, KeyLog keyLog, KeyBarrier barrier, AtomicLong applied)
            throws SQLException {
        StepSession step = StepSession.open(database, keyLog.table());
        try {
            return new ExactStep(keyLog, barrier, step, database.open("key log"), applied);
        } catch (SQLException e) {
            step.close();
            throw e;
        }
    }

    /** What is done while source and shadow are known to be equal, in V's own transaction. */
    @FunctionalInterface
    public interface WhileEqual {
        void run(Session transaction) throws SQLException;
    }

    /**
     * An exact state that was reached and committed.
     *
     * @param writer the step's own transaction: who sees it sees every row of the shadow up to here
     * @param keys applied, repetitions counted
     * @param elapsed from V to the commit
     * @param roundTrip what a statement that does next to nothing took
     */
    public record Reached(Xid writer, int keys, Duration elapsed, Duration roundTrip) {}

    /**
     * One step.
     *
     * @return empty if there were more than {@link #MAX_KEYS} keys, or the stream is too slow; nothing was done then
     * @throws dev.walshift.engine.SourceRewrittenException if the copy has to begin again
     */
    public Optional<Reached> run(WhileEqual whileEqual, StopSignal stop) throws SQLException {
        long began = System.nanoTime();
        try {
            Optional<Applied> done =
                    step.session().inTransaction(Isolation.REPEATABLE_READ, tx -> inSnapshot(tx, whileEqual, stop));
            if (done.isEmpty()) {
                return Optional.empty();
            }
            LoggedKeys keys = done.get().keys();
            keyLog.remove(logSession, LoggedKey.ids(keys.keys()));
            applied.addAndGet(keys.entries());
            return Optional.of(new Reached(
                    done.get().writer(),
                    keys.entries(),
                    Duration.ofNanos(System.nanoTime() - began),
                    done.get().roundTrip()));
        } catch (SQLException e) {
            throw DataRejected.explain(table, e);
        }
    }

    private record Applied(Xid writer, LoggedKeys keys, Duration roundTrip) {}

    private Optional<Applied> inSnapshot(Session tx, WhileEqual whileEqual, StopSignal stop) throws SQLException {
        String snapshot = SourceGuard.hold(tx, table);
        if (!barrier.pass(MARKER_PATIENCE, stop)) {
            return Optional.empty();
        }
        LoggedKeys keys = reader.visibleIn(logSession, snapshot, keyLog.first(), MAX_KEYS + 1);
        if (keys.entries() > MAX_KEYS) {
            return Optional.empty();
        }
        if (!keys.keys().isEmpty()) {
            step.load(LoggedKey.lines(keys.keys()));
            step.replace();
        }
        whileEqual.run(tx);
        long asked = System.nanoTime();
        Xid writer = Xid.parse(tx.queryOne(OWN_XID, row -> row.getString(1)));
        return Optional.of(new Applied(writer, keys, Duration.ofNanos(System.nanoTime() - asked)));
    }

    @Override
    public void close() throws SQLException {
        try (logSession) {
            step.close();
        }
    }
}
