package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.StoppedException;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.JournalJson;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.pace.Limits;
import dev.walshift.engine.plan.MigrationPlan;
import dev.walshift.engine.plan.Planner;
import dev.walshift.engine.plan.RefusedException;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One change of one table's schema, from plan to finish; the source of truth of how far it came is the journal.
 *
 * <p>{@link #run} once, by one thread; {@link #progress} and {@link #stop} by any.
 */
public final class Migration {
    private static final Logger log = LoggerFactory.getLogger(Migration.class);
    private static final SqlTemplate NAME_PARTS =
            SqlTemplate.of("SELECT parts[1], parts[2] FROM parse_ident(?) AS parts");

    private final Database database;
    private final MigrationRequest request;
    private final MigrationSettings settings;
    private final Optional<Long> resumed;
    private final Planner planner;
    private final Journal journal = new Journal();
    private final StopSignal stop = new StopSignal();
    private final Meter meter = new Meter();
    private final TimeLimit time;

    public Migration(Database database, MigrationRequest request) {
        this(database, request, MigrationSettings.DEFAULT);
    }

    /**
     * A migration with settings of its own.
     *
     * @param settings how patient and how careful to be
     */
    public Migration(Database database, MigrationRequest request, MigrationSettings settings) {
        this(database, request, settings, Optional.empty());
    }

    private Migration(Database database, MigrationRequest request, MigrationSettings settings, Optional<Long> resumed) {
        this.database = database;
        this.request = request;
        this.settings = settings;
        this.resumed = resumed;
        this.planner = new Planner(database);
        this.time = new TimeLimit(settings.budgets().timeInEffect(), stop);
    }

    /**
     * The unfinished migration of this number, as it was asked for; it can go on on another machine.
     *
     * @param settings how patient and how careful to be
     * @param options may change how it goes on, but not what it does
     * @throws MigrationException BUSY if it is over, or was never begun
     */
    public static Migration resume(
            Database database, long id, MigrationSettings settings, UnaryOperator<MigrationRequest> options)
            throws SQLException {
        Journal journal = new Journal();
        try (Session session = database.open("resume")) {
            Optional<Journal.Entry> entry = journal.exists(session) ? journal.find(session, id) : Optional.empty();
            if (entry.isEmpty()) {
                throw notResumable("there is no migration " + id);
            }
            if (entry.get().state().isEnd()) {
                throw notResumable("migration %d is over".formatted(id));
            }
            MigrationRequest request = JournalJson.read(entry.get().request(), MigrationRequest.class);
            return new Migration(database, options.apply(request).with(request.alter()), settings, Optional.of(id));
        }
    }

    private static MigrationException notResumable(String why) {
        return new MigrationException(
                ProblemCode.BUSY, why + "; nothing was touched", "List them with: walshift status");
    }

    /** What would be done, or all that stands in the way; touches nothing. */
    public MigrationPlan plan() {
        try {
            MigrationPlan plan = planner.plan(request.alter());
            if (!plan.isPossible() || plan.strategy() != Strategy.SHADOW) {
                return plan;
            }
            MigrationPlan.Size built = request.indexesFirst() ? MigrationPlan.Size.NONE : plan.size();
            return plan.withNotices(inEffect(plan).notices(built.indexBytes(), built.longestBuild()));
        } catch (SQLException e) {
            throw couldNotPlan(e);
        }
    }

    /** The limits that a run of this plan would have on the server as it is. */
    public Limits limits(MigrationPlan plan) {
        try {
            return inEffect(plan);
        } catch (SQLException e) {
            throw couldNotPlan(e);
        }
    }

    private Limits inEffect(MigrationPlan plan) throws SQLException {
        try (Session session = database.open("plan")) {
            return Limits.inEffect(session, settings.budgets(), plan.size().bytes());
        }
    }

    private static FailedException couldNotPlan(SQLException e) {
        return new FailedException(
                ProblemCode.SERVER_ERROR, "could not plan: " + e.getMessage(), "Nothing was touched.", e);
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
     * @throws FailedException if it failed; the source is as it was, and what was made is removed, or kept as evidence if source and
     *     shadow differ
     * @throws InterruptedMigrationException if it was stopped, its time was over, or it lost, or never reached, the server; the same call
     *     goes on
     */
    public MigrationReport run() {
        try (TimeLimit running = time.start()) {
            return runOrGoOn();
        } catch (StoppedException e) {
            throw notBegun(time.stopCode(), time.stopReason(), e);
        } catch (SQLException e) {
            if (Aftermath.isCancelledOnRequest(stop, e)) {
                throw notBegun(time.stopCode(), time.stopReason(), e);
            }
            if (SqlStates.isPassing(e)) {
                throw notBegun(ProblemCode.SERVER_UNAVAILABLE, String.valueOf(e.getMessage()), e);
            }
            throw new FailedException(
                    ProblemCode.SERVER_ERROR,
                    String.valueOf(e.getMessage()),
                    "This run touched nothing; a migration that was under way stands where it stood: walshift status.",
                    e);
        }
    }

    private static InterruptedMigrationException notBegun(ProblemCode code, String what, Throwable cause) {
        return InterruptedMigrationException.beforeTheJournalWasRead(code, what, cause);
    }

    private MigrationReport runOrGoOn() throws SQLException {
        try {
            return runOnce();
        } catch (InterruptedMigrationException e) {
            return goOn(e);
        }
    }

    /**
     * Where a migration stands that may be gone on with.
     *
     * @param position another one whenever it has come further
     */
    private record Standing(Journal.Entry entry, String position) {}

    /** Does what the operator would: the same again, as long as nothing but sessions is lost, and not without end where it gets no further. */
    private MigrationReport goOn(InterruptedMigrationException first) {
        InterruptedMigrationException loss = first;
        int losses = 0;
        String position = "";
        while (loss.isLoss() && losses < settings.reconnect().attempts()) {
            log.warn("{}; going on from what the journal says", loss.getMessage());
            Standing standing = awaitServer(loss, losses);
            losses = standing.position().equals(position) ? losses + 1 : 1;
            position = standing.position();
            try {
                return goOn(standing.entry(), loss);
            } catch (InterruptedMigrationException e) {
                loss = e;
            } catch (SQLException | StoppedException e) {
                // Before the journal was read: it stands where it stood.
                loss.addSuppressed(e);
            } catch (MigrationException e) {
                // The same, while somebody keeps a lock on the table.
                if (e instanceof FailedException || e.code() != ProblemCode.LOCK_NOT_GRANTED) {
                    throw e;
                }
                loss.addSuppressed(e);
            }
        }
        throw loss;
    }

    private MigrationReport goOn(Journal.Entry entry, InterruptedMigrationException loss) throws SQLException {
        return switch (entry.state()) {
            case MigrationState.Finished finished -> finishedBefore(entry);
            case MigrationState.Failed failed ->
                throw new FailedException(failed.code(), failed.problem(), failed.remedy(), loss);
            default -> runOnce();
        };
    }

    /** Until the server answers and has given the lock of the lost session back. */
    private Standing awaitServer(InterruptedMigrationException loss, int losses) {
        long deadline = System.nanoTime() + settings.reconnect().patience().toNanos();
        while (true) {
            meter.detail("waiting for the server: " + loss.getMessage());
            if (stop.await(settings.reconnect().pauseAfter(losses)) || System.nanoTime() > deadline) {
                throw loss;
            }
            Optional<Standing> standing = standingIfFree(loss);
            if (standing.isPresent()) {
                return standing.get();
            }
        }
    }

    private Optional<Standing> standingIfFree(InterruptedMigrationException loss) {
        try (Session session = database.open("migration")) {
            long id = loss.migration().orElseThrow(() -> loss);
            // A standby that took over without waiting for it may never have heard of the migration.
            Journal.Entry entry = journal.find(session, id).orElseThrow(() -> loss);
            return journal.tryLock(session, entry.relation())
                    ? Optional.of(new Standing(entry, journal.position(session, entry.id())))
                    : Optional.empty();
        } catch (SQLException e) {
            log.debug("the server is not back yet", e);
            return Optional.empty();
        }
    }

    /** The last COMMIT happened, and its answer was lost. */
    private MigrationReport finishedBefore(Journal.Entry entry) throws SQLException {
        long id = entry.id();
        QualifiedName table = name(entry.relation());
        return new MigrationReport(
                id,
                table,
                Strategy.SHADOW,
                meter.rowsCopied(),
                meter.keysApplied(),
                meter.phases(),
                MigrationReport.CutoverReport.EARLIER,
                0,
                0,
                new VerifyReport(request.verify(), 0),
                request.dropRetired()
                        ? Optional.empty()
                        : Optional.of(table.in(Setup.names(id).retiredSchema())));
    }

    private QualifiedName name(String relation) throws SQLException {
        try (Session session = database.open("migration")) {
            return session.queryOne(NAME_PARTS, row -> QualifiedName.of(row.getString(1), row.getString(2)), relation);
        }
    }

    private MigrationReport runOnce() throws SQLException {
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
        }
    }

    private MigrationReport inPlace(MigrationPlan plan) throws SQLException {
        try (Session session = database.open("alter")) {
            return new InPlace(database, journal, settings, stop, meter)
                    .run(session, plan, JournalJson.write(asked(plan)));
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
        if (resumed.isPresent() && !entry.map(Journal.Entry::id).equals(resumed)) {
            throw notResumable("migration %d is over".formatted(resumed.get()));
        }
        if (entry.isPresent()) {
            requireSame(entry.get(), plan);
            journal.saveRequest(session, entry.get().id(), JournalJson.write(asked(plan)));
        }
        return entry;
    }

    private void requireSame(Journal.Entry entry, MigrationPlan plan) {
        MigrationRequest begun = JournalJson.read(entry.request(), MigrationRequest.class);
        if (!begun.alter().equals(asked(plan).alter())) {
            throw new RefusedException(plan.withProblem(new Problem(
                    ProblemCode.BUSY,
                    "migration %d of %s is not finished: %s".formatted(entry.id(), entry.relation(), entry.statement()),
                    "Finish it with: walshift resume %1$d, or give it up with: walshift abort %1$d"
                            .formatted(entry.id()))));
        }
    }

    /** What was asked for, in a form that tells whether two requests are the same, and needs no search_path. */
    private MigrationRequest asked(MigrationPlan plan) {
        return request.with(request.alter().normalized(plan.table().name()));
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
        long id = unfinished.isPresent()
                ? unfinished.get().id()
                : journal.begin(session, relation, plan.statement(), JournalJson.write(asked(plan)));
        SlotName slot = Setup.slotName(session, id);
        Setup setup = new Setup(journal, id, settings, stop);
        Aftermath aftermath = new Aftermath(
                journal,
                id,
                slot,
                setup,
                time,
                stop,
                "Run the same command again to go on, or walshift resume %1$d; or give it up with: walshift abort %1$d. Until then its replication slot keeps WAL on the server."
                        .formatted(id));
        try {
            cleanUpWhatFailedBefore(session, id, setup, slot, aftermath);
            return new ShadowRun(database, request, settings, planner, journal, id, slot, setup, stop, meter)
                    .run(session, plan);
        } catch (SQLException | RuntimeException e) {
            throw aftermath.of(session, e);
        }
    }

    /** An earlier process failed, and may have been interrupted again while it cleaned up: that is all that is left to do. */
    private void cleanUpWhatFailedBefore(Session session, long id, Setup setup, SlotName slot, Aftermath aftermath)
            throws SQLException {
        if (journal.load(session, id).state() instanceof MigrationState.Removing before) {
            setup.giveUp(session, slot, new MigrationState.Failed(before.code(), before.problem(), before.remedy()));
            throw new FailedException(
                    before.code(),
                    "it had failed before, and is removed now: " + before.problem(),
                    before.remedy(),
                    null);
        }
        if (journal.load(session, id).state() instanceof MigrationState.Differs before) {
            throw aftermath.keepEvidence(session, before, null);
        }
    }
}
