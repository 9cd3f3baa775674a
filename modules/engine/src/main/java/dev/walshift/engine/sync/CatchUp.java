package dev.walshift.engine.sync;

import dev.walshift.engine.StopSignal;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Brings the shadow up to date and keeps it there: bulk steps while much is waiting, then exact steps.
 *
 * <p>One thread; {@link #applied} any.
 */
public final class CatchUp implements AutoCloseable {
    /** Above this a bulk step, which holds no snapshot while it waits for the stream, comes before an exact one. */
    private static final long BULK_ABOVE = 5_000;

    private final Session session;
    private final KeyLog keyLog;
    private final BulkStep bulk;
    private final ExactStep exact;
    private final AtomicLong applied;
    private final int workers;

    private CatchUp(Session session, KeyLog keyLog, BulkStep bulk, ExactStep exact, AtomicLong applied, int workers) {
        this.session = session;
        this.keyLog = keyLog;
        this.bulk = bulk;
        this.exact = exact;
        this.applied = applied;
        this.workers = workers;
    }

    /**
     * Opens the sessions for a table that has its indexes.
     *
     * @param barrier passes once the stream has delivered everything up to the present
     * @param applied counts keys applied
     */
    public static CatchUp open(Database database, KeyLog keyLog, KeyBarrier barrier, AtomicLong applied, int workers)
            throws SQLException {
        Session session = database.open("sync");
        try {
            BulkStep bulk = new BulkStep(database, keyLog, applied);
            return new CatchUp(
                    session, keyLog, bulk, ExactStep.open(database, keyLog, barrier, applied), applied, workers);
        } catch (SQLException e) {
            session.close();
            throw e;
        }
    }

    public long applied() {
        return applied.get();
    }

    /**
     * Steps until an exact state was reached quickly enough that what changed meanwhile can be drained under a lock.
     *
     * @param budget the longest that last exact step may have taken
     */
    public ExactStep.Reached run(Duration budget, StopSignal stop) throws SQLException {
        while (true) {
            ExactStep.Reached reached = exact(transaction -> {}, stop);
            if (reached.elapsed().compareTo(budget) <= 0 && keyLog.waiting() <= BULK_ABOVE) {
                return reached;
            }
        }
    }

    /** An exact step, after as many bulk steps as it takes to make it a short one. */
    public ExactStep.Reached exact(ExactStep.WhileEqual whileEqual, StopSignal stop) throws SQLException {
        while (true) {
            stop.check();
            if (keyLog.waiting() > BULK_ABOVE) {
                bulk.sweep(session, workers, stop);
            }
            Optional<ExactStep.Reached> reached = exact.run(whileEqual, stop);
            if (reached.isPresent()) {
                // After a restart it is an estimate, too high by what left the log out of order.
                keyLog.count(session);
                return reached.get();
            }
            bulk.sweep(session, workers, stop);
        }
    }

    @Override
    public void close() throws SQLException {
        try (session) {
            exact.close();
        }
    }
}
