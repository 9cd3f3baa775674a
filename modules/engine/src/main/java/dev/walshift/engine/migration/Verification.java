package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.JournalJson;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.journal.VerifyProgress;
import dev.walshift.engine.plan.Planner;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import java.sql.SQLException;

/**
 * Compares, on demand and in full, the tables of an unfinished migration that is copied and indexed; {@link Migration#run} can finish it
 * afterwards, and need not compare again.
 *
 * <p>{@link #run} once, by one thread; {@link #progress} and {@link #stop} by any.
 */
public final class Verification {
    private final Database database;
    private final long id;
    private final int workers;
    private final MigrationSettings settings;
    private final Journal journal = new Journal();
    private final StopSignal stop = new StopSignal();
    private final Meter meter = new Meter();
    private final TimeLimit time;

    /**
     * A comparison.
     *
     * @param id number of the migration
     * @param workers parallel workers, 1 to {@link MigrationRequest#MAX_WORKERS}
     * @param settings how careful to be
     */
    public Verification(Database database, long id, int workers, MigrationSettings settings) {
        this.database = database;
        this.id = id;
        this.workers = workers;
        this.settings = settings;
        this.time = new TimeLimit(settings.budgets().timeInEffect(), stop);
    }

    /**
     * What was compared, and found equal.
     *
     * @param id number of the migration
     * @param table that is migrated, quoted
     */
    public record Report(long id, String table, VerifyReport verify) {}

    /** Where the comparison is. */
    public MigrationProgress progress() {
        return meter.progress();
    }

    /** Asks it to stop at its next safe point; the same comparison goes on there. */
    public void stop() {
        stop.raise();
    }

    /**
     * Brings the shadow up to date and compares every row; goes on with a comparison that was interrupted, but not with one that ended.
     *
     * @throws MigrationException BUSY if there is no such migration, it is in another state, or a process works on it
     * @throws FailedException if rows differ, which are kept as {@link MigrationState.Differs} says; or if the migration could never be
     *     finished, and what it had made is removed as {@link Migration#run} would have
     * @throws InterruptedMigrationException for any other reason; the migration is as it was
     */
    public Report run() {
        try (TimeLimit running = time.start();
                Session session = database.open("verify")) {
            Journal.Entry entry = Abort.claim(session, journal, id);
            SlotName slot = Setup.slotName(session, id);
            Setup setup = new Setup(journal, id, settings, stop);
            Aftermath aftermath = new Aftermath(journal, id, slot, setup, time, stop, remedy());
            requireComparable(session, aftermath, entry.state());
            try {
                forgetIfOver(session);
                return new Report(id, entry.relation(), run(entry, slot, setup).verifyOnly(session));
            } catch (SQLException | RuntimeException e) {
                throw aftermath.of(session, e);
            }
        } catch (SQLException e) {
            throw new InterruptedMigrationException(
                    id, ProblemCode.SERVER_ERROR, String.valueOf(e.getMessage()), remedy(), e);
        }
    }

    private String remedy() {
        return "Migration %1$d is as it was: verify it again, finish it with: walshift resume %1$d, or give it up with: walshift abort %1$d. Until then its replication slot keeps WAL on the server."
                .formatted(id);
    }

    private void requireComparable(Session session, Aftermath aftermath, MigrationState state) throws SQLException {
        switch (state) {
            case MigrationState.CatchingUp catchingUp -> {}
            case MigrationState.Differs differs -> throw aftermath.keepEvidence(session, differs, null);
            case MigrationState.Swapped swapped ->
                throw Abort.refused(
                        "the tables of migration %d are swapped already".formatted(id),
                        "Run it again: only cleaning up is left to do.");
            default ->
                throw Abort.refused(
                        "the new table of migration %d is not complete yet".formatted(id),
                        "Run it again: it compares by itself before the swap, unless it is told not to.");
        }
    }

    /** Who asks for a comparison does not want to hear of an earlier one. */
    private void forgetIfOver(Session session) throws SQLException {
        for (Blueprint table : journal.relations(session, id)) {
            VerifyProgress progress = new VerifyProgress(id, table.source().oid());
            if (progress.scans(session).stream().allMatch(VerifyProgress.Scan::isDone)) {
                progress.clear(session);
            }
        }
    }

    private ShadowRun run(Journal.Entry entry, SlotName slot, Setup setup) {
        MigrationRequest begun = JournalJson.read(entry.request(), MigrationRequest.class);
        return new ShadowRun(
                database,
                new MigrationRequest(
                        begun.alter(), workers, begun.dropRetired(), begun.indexesFirst(), VerifyMode.FULL),
                settings,
                new Planner(database),
                journal,
                id,
                slot,
                setup,
                stop,
                meter);
    }
}
