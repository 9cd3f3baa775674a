package dev.walshift.engine.sync;

import dev.walshift.engine.StopSignal;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.pace.Pace;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Brings the shadow up to date and keeps it there: bulk steps while much is waiting, then exact steps.
 *
 * <p>One thread; {@link #applied} any.
 */
public final class CatchUp implements AutoCloseable {
    /** Above this a bulk step, which holds no snapshot while it waits for the stream, comes before an exact one. */
    private static final long BULK_ABOVE = 5_000;

    /**
     * Of a step, the change pump's for one batch under way and the one after it included; of a cutover under its lock not quite as many. It is
     * what a slow network adds to both, whatever the writers do.
     */
    private static final int ROUND_TRIPS = 40;

    /** After so many steps that were too slow the operator is told. */
    private static final int PATIENT_STEPS = 5;

    private final Session session;
    private final KeyLog keyLog;
    private final BulkStep bulk;
    private final ExactStep exact;
    private final AtomicLong applied;
    private final int workers;
    private Duration roundTrip = Duration.ofSeconds(1);

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
     * @param pace of bulk steps; an exact step goes at full speed, as it holds a snapshot
     */
    public static CatchUp open(
            Database database, KeyLog keyLog, KeyBarrier barrier, AtomicLong applied, int workers, Pace pace)
            throws SQLException {
        Session session = database.open("sync");
        try {
            BulkStep bulk = new BulkStep(database, keyLog, applied, pace);
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
     * Steps until an exact state was reached quickly enough that what changed meanwhile can be drained under a lock, and another step
     * would not leave much less. While the writers are as fast as the steps it goes on and says so.
     *
     * @param budget the longest that last exact step may have taken, beside the round trips of the network
     * @param events told, for people, why it does not end
     */
    public ExactStep.Reached run(Duration budget, Consumer<String> events, StopSignal stop) throws SQLException {
        int before = Integer.MAX_VALUE;
        for (int step = 1; ; step++) {
            ExactStep.Reached reached = exact(transaction -> {}, events, stop);
            Duration allowed = budget.plus(roundTrip.multipliedBy(ROUND_TRIPS));
            long waiting = keyLog.waiting();
            // What waits right behind the pump's commit is always little: the steps themselves must get smaller too.
            boolean shrinking = waiting < reached.keys() / 2 && reached.keys() < before / 2;
            before = reached.keys();
            if (reached.elapsed().compareTo(allowed) <= 0 && waiting <= BULK_ABOVE && !shrinking) {
                return reached;
            }
            if (step >= PATIENT_STEPS && !shrinking) {
                events.accept(tooSlow(step, reached, allowed, waiting));
            }
        }
    }

    private static String tooSlow(int step, ExactStep.Reached reached, Duration allowed, long waiting) {
        return "writers are about as fast as walshift: step %d took %d ms for %d keys, where %d ms are allowed, and %d"
                        .formatted(step, reached.elapsed().toMillis(), reached.keys(), allowed.toMillis(), waiting)
                + " keys wait again; it goes on, and a quieter time or more workers end it sooner";
    }

    /** An exact step, after as many bulk steps as it takes to make it a short one. */
    public ExactStep.Reached exact(ExactStep.WhileEqual whileEqual, StopSignal stop) throws SQLException {
        return exact(whileEqual, event -> {}, stop);
    }

    private ExactStep.Reached exact(ExactStep.WhileEqual whileEqual, Consumer<String> events, StopSignal stop)
            throws SQLException {
        while (true) {
            stop.check();
            if (keyLog.waiting() > BULK_ABOVE) {
                bulk.sweep(session, workers, stop);
            }
            Optional<ExactStep.Reached> reached = exact.run(whileEqual, stop);
            keyLog.advance(session);
            if (reached.isPresent()) {
                roundTrip = Collections.min(List.of(roundTrip, reached.get().roundTrip()));
                return reached.get();
            }
            events.accept(
                    "the change stream is behind, or too many keys came at once: %d wait; bringing them up to date"
                            .formatted(keyLog.waiting()));
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
