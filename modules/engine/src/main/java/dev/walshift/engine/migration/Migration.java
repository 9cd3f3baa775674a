package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.StoppedException;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.plan.MigrationPlan;
import dev.walshift.engine.plan.Planner;
import dev.walshift.engine.plan.RefusedException;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One change of one table's schema, from plan to finish; the source of truth of how far it came is the journal.
 *
 * <p>{@link #run} once, by one thread; {@link #progress} and {@link #stop} by any.
 */
public final class Migration {
    private static final Logger log = LoggerFactory.getLogger(Migration.class);

    private final Database database;
    private final MigrationRequest request;
    private final MigrationSettings settings;
    private final Planner planner;
    private final Journal journal = new Journal();
    private final StopSignal stop = new StopSignal();
    private final Meter meter = new Meter();

    public Migration(Database database, MigrationRequest request) {
        this(database, request, MigrationSettings.DEFAULT);
    }

    /**
     * A migration with settings of its own.
     *
     * @param settings how patient and how careful to be
     */
    public Migration(Database database, MigrationRequest request, MigrationSettings settings) {
        this.database = database;
        this.request = request;
        this.settings = settings;
        this.planner = new Planner(database);
    }

    /** What would be done, or all that stands in the way; touches nothing. */
    public MigrationPlan plan() {
        try {
            return planner.plan(request.alter());
        } catch (SQLException e) {
            throw new FailedException(
                    ProblemCode.SERVER_ERROR, "could not plan: " + e.getMessage(), "Nothing was touched.", e);
        }
    }

    /** Where the migration is. */
    public MigrationProgress progress() {
        return meter.progress();
    }

    /** Asks the migration to stop at its next safe point; it can be resumed. */
    public void stop() {
        stop.raise();
    }

    /**
     * Does the migration, or goes on with it where an interrupted process left it.
     *
     * @throws RefusedException if the plan found problems; nothing was touched
     * @throws FailedException if it failed; what it made was removed and the source is as it was
     * @throws InterruptedMigrationException if it was stopped or lost the server; the same call goes on
     */
    public MigrationReport run() {
        try (Session session = database.open("migration")) {
            MigrationPlan plan = planner.plan(request.alter());
            Optional<Journal.Entry> unfinished = unfinished(session, plan);
            if (unfinished.isEmpty() && !plan.isPossible()) {
                throw new RefusedException(plan);
            }
            if (plan.strategy() == Strategy.IN_PLACE && unfinished.isEmpty()) {
                return inPlace(plan);
            }
            return shadowWay(session, plan, unfinished);
        } catch (SQLException e) {
            throw new FailedException(
                    ProblemCode.SERVER_ERROR, String.valueOf(e.getMessage()), "Nothing was touched.", e);
        } catch (StoppedException e) {
            throw new FailedException(ProblemCode.STOPPED, "stopped on request", "Nothing was touched.", e);
        }
    }

    private MigrationReport inPlace(MigrationPlan plan) throws SQLException {
        try (Session operator = database.openAsUser("alter")) {
            return new InPlace(journal, settings, stop, meter).run(operator, plan);
        }
    }

    /** The migration that the journal has begun for this table, and the right to work on it. */
    private Optional<Journal.Entry> unfinished(Session session, MigrationPlan plan) throws SQLException {
        if (!journal.exists(session)) {
            return Optional.empty();
        }
        String relation = plan.table().name().sql();
        lock(session, relation);
        Optional<Journal.Entry> entry = journal.unfinished(session, relation);
        if (entry.isPresent() && !entry.get().statement().equals(asked(plan))) {
            throw new RefusedException(plan.withProblem(new Problem(
                    ProblemCode.BUSY,
                    "migration %d of %s is not finished: %s"
                            .formatted(entry.get().id(), relation, entry.get().statement()),
                    "Run that one again to finish it, or give it up with: walshift abort %d"
                            .formatted(entry.get().id()))));
        }
        return entry;
    }

    /** What was asked for, in a form that tells two requests apart. */
    private String asked(MigrationPlan plan) {
        List<Identifier> order = request.alter().columnOrder();
        return order.isEmpty()
                ? plan.statement()
                : plan.statement() + " (columns in the order " + SqlText.list(order) + ")";
    }

    private void lock(Session session, String relation) throws SQLException {
        if (!journal.tryLock(session, relation)) {
            throw new MigrationException(
                    ProblemCode.BUSY,
                    "another walshift process works on %s".formatted(relation),
                    "Wait for it, or find it in pg_stat_activity (application_name walshift migration).");
        }
    }

    private MigrationReport shadowWay(Session session, MigrationPlan plan, Optional<Journal.Entry> unfinished)
            throws SQLException {
        String relation = plan.table().name().sql();
        if (unfinished.isEmpty()) {
            journal.create(session);
            lock(session, relation);
        }
        long id = unfinished.isPresent() ? unfinished.get().id() : journal.begin(session, relation, asked(plan));
        SlotName slot = Setup.slotName(session, id);
        Setup setup = new Setup(journal, id, settings.locks(), stop);
        try {
            removeWhatFailedBefore(session, id, setup, slot);
            return new ShadowRun(database, request, settings, planner, journal, id, slot, setup, stop, meter)
                    .run(session, plan);
        } catch (StoppedException e) {
            throw interrupted(id, ProblemCode.STOPPED, "stopped on request", e);
        } catch (FailedException e) {
            throw e;
        } catch (MigrationException e) {
            throw afterFailure(session, id, setup, slot, e);
        } catch (SQLException e) {
            throw afterFailure(session, id, setup, slot, serverError(e));
        } catch (RuntimeException e) {
            log.error("migration {} met an error in walshift", id, e);
            throw interrupted(id, ProblemCode.SERVER_ERROR, "an error in walshift itself, please report it: " + e, e);
        }
    }

    /** An earlier process failed and was interrupted again while it removed what it had made: that is all that is left to do. */
    private void removeWhatFailedBefore(Session session, long id, Setup setup, SlotName slot) throws SQLException {
        if (journal.load(session, id).state() instanceof MigrationState.Removing before) {
            setup.giveUp(session, slot, new MigrationState.Failed(before.code(), before.problem(), before.remedy()));
            throw new FailedException(
                    before.code(),
                    "it had failed before, and is removed now: " + before.problem(),
                    before.remedy(),
                    null);
        }
    }

    private static MigrationException serverError(SQLException e) {
        return new MigrationException(
                SqlStates.isPassing(e) ? ProblemCode.SERVER_UNAVAILABLE : ProblemCode.SERVER_ERROR,
                String.valueOf(e.getMessage()),
                "See the server's log for the statement.",
                e);
    }

    /** A failure that the same run would meet again ends the migration and removes what it made; any other leaves it resumable. */
    private MigrationException afterFailure(
            Session session, long id, Setup setup, SlotName slot, MigrationException failure) {
        String problem = String.valueOf(failure.getMessage());
        try {
            MigrationState state = journal.load(session, id).state();
            if (state instanceof MigrationState.Swapped) {
                return interrupted(
                        id, failure.code(), "the tables were swapped, but cleaning up failed: " + problem, failure);
            }
            // Before the copy began there is nothing worth keeping, and a slot that nobody reads is a danger.
            if (!isFinal(failure) && !(state instanceof MigrationState.Preparing)) {
                return interrupted(id, failure.code(), problem, failure);
            }
            setup.giveUp(session, slot, new MigrationState.Failed(failure.code(), problem, failure.remedy()));
            return new FailedException(failure.code(), problem, failure.remedy(), failure);
        } catch (SQLException | RuntimeException e) {
            failure.addSuppressed(e);
            log.warn("could not clean up migration {}: {}", id, e.getMessage());
            log.debug("why", e);
            return interrupted(
                    id, failure.code(), failure.getMessage() + "; cleaning up failed too: " + e.getMessage(), failure);
        }
    }

    /** Whether the same migration could only fail in the same way again. */
    private static boolean isFinal(MigrationException failure) {
        return failure instanceof RefusedException
                || switch (failure.code()) {
                    case DATA_REJECTED,
                            SOURCE_CHANGED,
                            SLOT_LOST,
                            PUBLICATION_LOST,
                            REPLICA_IDENTITY,
                            DIFFERENCE_FOUND,
                            NOT_CONVERGING -> true;
                    default -> false;
                };
    }

    private static InterruptedMigrationException interrupted(long id, ProblemCode code, String what, Throwable cause) {
        return new InterruptedMigrationException(
                code,
                what,
                "Run the same command again to go on, or give it up with: walshift abort %d. Until then its replication slot keeps WAL on the server."
                        .formatted(id),
                cause);
    }
}
