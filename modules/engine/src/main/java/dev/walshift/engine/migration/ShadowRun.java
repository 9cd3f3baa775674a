package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.SourceRewrittenException;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.StoppedException;
import dev.walshift.engine.changes.ChangePump;
import dev.walshift.engine.changes.PgoutputStream;
import dev.walshift.engine.changes.Publication;
import dev.walshift.engine.changes.ReplicationSlot;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.changes.StreamedTable;
import dev.walshift.engine.copy.TableCopier;
import dev.walshift.engine.cutover.Cutover;
import dev.walshift.engine.index.IndexBuilder;
import dev.walshift.engine.journal.CopyProgress;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.journal.VerifyProgress;
import dev.walshift.engine.pace.Limits;
import dev.walshift.engine.pace.PaceController;
import dev.walshift.engine.plan.MigrationPlan;
import dev.walshift.engine.plan.Planner;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.engine.sync.CatchUp;
import dev.walshift.engine.sync.ExactStep;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.CatalogFingerprint;
import dev.walshift.engine.verify.Verifier;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.Xid;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/**
 * The way over a shadow table, as the state in the journal says: prepare, copy, index, catch up, verify, cut over, finish.
 *
 * <p>One thread.
 */
final class ShadowRun {
    private static final SqlTemplate BYTES = SqlTemplate.of(
            "SELECT coalesce(sum(pg_total_relation_size(heap)), 0)::bigint FROM unnest(?::oid[]) AS heap");
    private static final SqlTemplate NEXT_XID = SqlTemplate.of("SELECT pg_snapshot_xmax(pg_current_snapshot())::text");

    private final Database database;
    private final MigrationRequest request;
    private final MigrationSettings settings;
    private final Planner planner;
    private final Journal journal;
    private final long id;
    private final SlotName slot;
    private final Setup setup;
    private final StopSignal work;
    private final Pacing pacing = new Pacing();
    private final Meter meter;

    ShadowRun(
            Database database,
            MigrationRequest request,
            MigrationSettings settings,
            Planner planner,
            Journal journal,
            long id,
            SlotName slot,
            Setup setup,
            StopSignal stop,
            Meter meter) {
        this.database = database;
        this.request = request;
        this.settings = settings;
        this.planner = planner;
        this.journal = journal;
        this.id = id;
        this.slot = slot;
        this.setup = setup;
        this.work = stop.child();
        this.meter = meter;
    }

    /** What the swap left to report. */
    private record Outcome(Optional<Cutover.Result> cutover, long maxSlotLagBytes) {}

    MigrationReport run(Session session, MigrationPlan plan) throws SQLException {
        try (PaceController pace = controlPace()) {
            return runPaced(session, plan);
        }
    }

    private MigrationReport runPaced(Session session, MigrationPlan plan) throws SQLException {
        Blueprint table = prepare(session);
        Outcome outcome = state(session) instanceof MigrationState.Swapped
                ? new Outcome(Optional.empty(), 0)
                : fillAndSwap(session, table);
        meter.enter(Phase.FINISH, Optional::empty);
        VerifyReport verified = verified(session, table);
        setup.finish(session, table, slot, request.dropRetired(), meter::detail);
        meter.leave();
        return report(plan, table, outcome, verified);
    }

    /**
     * Compares the tables of a migration that is copied and indexed, and goes no further.
     *
     * @return what was compared, all of it equal
     */
    VerifyReport verifyOnly(Session session) throws SQLException {
        try (PaceController pace = controlPace()) {
            return verifyPaced(session);
        }
    }

    private VerifyReport verifyPaced(Session session) throws SQLException {
        meter.enter(Phase.CATCH_UP, Optional::empty);
        Blueprint table = journal.relations(session, id).getFirst();
        Predecessor.end(session, slot, List.of(table), work);
        checkSlot(session);
        return whileStreaming(session, table, (keyLog, barrier, watch, stop) -> {
            try (CatchUp catchUp = openCatchUp(keyLog, barrier)) {
                catchUp(catchUp, stop);
                verify(session, table, catchUp, stop);
                return verified(session, table);
            }
        });
    }

    private PaceController controlPace() {
        meter.pace(pacing::words);
        return pacing.control(database, settings.pace(), slot, id);
    }

    private CatchUp openCatchUp(KeyLog keyLog, KeyBarrier barrier) throws SQLException {
        return CatchUp.open(
                database, keyLog, barrier, meter.applied(), request.workers(), pacing.ofCatchUp(keyLog::waiting));
    }

    private Limits limits(Session session, Blueprint table) throws SQLException {
        long bytes = session.queryOne(
                BYTES, row -> row.getLong(1), (Object) table.sourceTree().oids());
        return Limits.inEffect(session, settings.budgets(), bytes);
    }

    private MigrationState state(Session session) throws SQLException {
        return journal.load(session, id).state();
    }

    /** Makes everything up to the fence, or finds it as an earlier process left it. */
    private Blueprint prepare(Session session) throws SQLException {
        meter.enter(Phase.PREPARE, Optional::empty);
        if (state(session) instanceof MigrationState.Preparing) {
            // Nothing that an earlier process may have begun is worth keeping.
            setup.remove(session, slot);
            meter.detail("waiting for transactions that began before the replication slot");
            try (Session preparing = database.open("prepare")) {
                Blueprint created = setup.create(preparing, planner, request.alter(), slot);
                meter.detail("waiting for transactions that began before the copy");
                return beginCopy(session, created);
            }
        }
        return journal.relations(session, id).getFirst();
    }

    /** Watches and reads the stream from here to the swap; begins the copy again as often as somebody rewrites the source. */
    private Outcome fillAndSwap(Session session, Blueprint prepared) throws SQLException {
        Blueprint table = prepared;
        meter.detail("waiting for what an earlier process left running on the server");
        Predecessor.end(session, slot, List.of(table), work);
        checkSlot(session);
        while (true) {
            try {
                return fillAndSwapOnce(session, table);
            } catch (SourceRewrittenException e) {
                work.check();
                meter.detail("the source was rewritten, copying again");
                table = journal.relations(session, id).getFirst();
                CatalogFingerprint.requireUnchanged(session, table);
                table = beginCopy(session, table);
            } catch (MigrationException | SQLException e) {
                throw blameSchema(session, table, e);
            }
        }
    }

    private Blueprint beginCopy(Session session, Blueprint table) throws SQLException {
        try {
            return setup.beginCopy(session, table);
        } catch (SQLException e) {
            throw blameSchema(session, table, e);
        }
    }

    /** A statement that fails, or anything else that is no longer as it was, may be due to somebody's change of the schema. */
    private MigrationException blameSchema(Session session, Blueprint table, Exception failure) throws SQLException {
        try {
            if (!(state(session) instanceof MigrationState.Swapped)) {
                CatalogFingerprint.requireUnchanged(session, table);
            }
        } catch (MigrationException changed) {
            changed.addSuppressed(failure);
            return changed;
        } catch (SQLException lost) {
            failure.addSuppressed(lost);
        }
        switch (failure) {
            case MigrationException e -> throw e;
            case SQLException e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    private Outcome fillAndSwapOnce(Session session, Blueprint table) throws SQLException {
        return whileStreaming(session, table, (keyLog, barrier, watch, stop) -> {
            copy(session, table, keyLog, stop);
            index(session, table, stop);
            try (CatchUp catchUp = openCatchUp(keyLog, barrier)) {
                catchUp(catchUp, stop);
                verify(session, table, catchUp, stop);
                setup.makeBeside(session, table);
                setup.releaseSequences(session);
                Ownership ownership = Ownership.of(session, journal, id);
                Cutover.Result swapped =
                        cutOver(ownership, journal.relations(session, id), keyLog, catchUp, barrier, stop);
                return new Outcome(Optional.of(swapped), watch.maxSlotLagBytes());
            }
        });
    }

    /** What is done with a table while its changes are logged. */
    private interface Goal<T> {
        T reach(KeyLog keyLog, KeyBarrier barrier, Watch watch, StopSignal stop) throws SQLException;
    }

    /** Reads the stream, and watches, until the goal is reached. */
    private <T> T whileStreaming(Session session, Blueprint table, Goal<T> goal) throws SQLException {
        BudgetKeeper budgets = new BudgetKeeper(limits(session, table), slot, table, pacing.wal());
        Ownership ownership = Ownership.of(session, journal, id);
        KeyLog keyLog = new KeyLog(table);
        keyLog.count(session);
        StopSignal attempt = work.child();
        Watch.Check schema = tx -> {
            ownership.require(tx);
            CatalogFingerprint.requireUnchanged(tx, table);
            requireSequences(tx);
        };
        try (Watch watch = Watch.start(
                        database, slot, List.of(table), budgets, schema, settings.schemaInterval(), attempt);
                ChangePump pump = openPump(session, keyLog, attempt);
                Session markers = database.open("marker")) {
            meter.slotLag(watch::slotLagBytes);
            meter.warnings(budgets::warnings);
            meter.keysWaiting(keyLog::waiting);
            pump.start();
            KeyBarrier barrier = () -> pump.mark(markers);
            try {
                return goal.reach(keyLog, barrier, watch, attempt);
            } catch (StoppedException e) {
                // Stopped by the operator, or because the stream or the watch met something: that says why.
                watch.check();
                pump.check();
                throw e;
            }
        }
    }

    private void copy(Session session, Blueprint table, KeyLog keyLog, StopSignal stop) throws SQLException {
        long copiedBefore = 0;
        for (Long heap : table.sourceTree().oids()) {
            copiedBefore += new CopyProgress(id, heap).rowsCopied(session);
        }
        long copied = copiedBefore;
        meter.rowsCopied(() -> copied);
        if (state(session) instanceof MigrationState.Copying copying) {
            if (request.indexesFirst()) {
                meter.detail("making the indexes of the empty table");
                new IndexBuilder(database, table, pacing::isHeldBack).create(request.workers(), stop);
            }
            TableCopier copier =
                    new TableCopier(database, table, copying.fence(), id, keyLog, pacing.ofCopy(request.workers()));
            meter.rowsCopied(copier::rowsCopied);
            meter.enter(Phase.COPY, () -> Optional.of(copier.done()));
            copier.run(session, request.workers(), stop);
            journal.save(session, id, new MigrationState.Indexing());
        }
    }

    private void index(Session session, Blueprint table, StopSignal stop) throws SQLException {
        if (state(session) instanceof MigrationState.Indexing) {
            IndexBuilder builder = new IndexBuilder(database, table, pacing::isHeldBack);
            meter.enter(Phase.INDEX, () -> Optional.of(builder.done()));
            pacing.awaitGo(stop);
            builder.run(request.workers(), stop);
            journal.save(session, id, new MigrationState.CatchingUp());
        }
    }

    private void catchUp(CatchUp catchUp, StopSignal stop) throws SQLException {
        meter.enter(Phase.CATCH_UP, Optional::empty);
        ExactStep.Reached unused = catchUp.run(settings.exactBudget(), meter::detail, stop);
    }

    private void verify(Session session, Blueprint table, CatchUp catchUp, StopSignal stop) throws SQLException {
        if (request.verify() != VerifyMode.OFF) {
            Verifier verifier = new Verifier(table, journal, id, request.workers(), pacing.ofVerify());
            meter.enter(Phase.VERIFY, () -> Optional.of(verifier.done()));
            verifier.run(session, request.verify(), work -> catchUp.exact(work::run, stop), stop);
        }
    }

    private VerifyReport verified(Session session, Blueprint table) throws SQLException {
        return VerifyReport.of(new VerifyProgress(id, table.source().oid()).scans(session));
    }

    /** @param released the tables as they are since their sequences were released */
    private Cutover.Result cutOver(
            Ownership ownership,
            List<Blueprint> released,
            KeyLog keyLog,
            CatchUp catchUp,
            KeyBarrier barrier,
            StopSignal stop)
            throws SQLException {
        meter.enter(Phase.CUT_OVER, Optional::empty);
        pacing.awaitGo(stop);
        Cutover cutover = new Cutover(
                database,
                journal,
                id,
                keyLog,
                barrier,
                settings.cutover(),
                tx -> {
                    ownership.require(tx);
                    Publication.requireIntact(tx, slot, keyLog.table());
                    SerialSequences.requireHeld(tx, released);
                },
                meter::detail);
        return cutover.run(
                () -> catchUp.run(settings.exactBudget(), meter::detail, stop).writer(), stop);
    }

    /** By the journal, which tells what the migration itself has released meanwhile. */
    private void requireSequences(Session transaction) throws SQLException {
        SerialSequences.requireHeld(transaction, journal.relations(transaction, id));
    }

    private ChangePump openPump(Session session, KeyLog keyLog, StopSignal attempt) throws SQLException {
        Blueprint table = keyLog.table();
        List<String> keyColumns = table.key().columns().stream()
                .map(column -> column.source().name())
                .toList();
        Publication.requireIntact(session, slot, table);
        Lsn durable = journal.durable(session, id).orElseThrow();
        String markerPrefix = slot.slot().name();
        PgoutputStream stream = PgoutputStream.open(
                database,
                slot,
                List.of(new StreamedTable(table.source().oid(), keyColumns)),
                markerPrefix,
                Xid.parse(session.queryOne(NEXT_XID, row -> row.getString(1))));
        try {
            return new ChangePump(
                    stream,
                    database.open("key log"),
                    journal,
                    id,
                    List.of(keyLog),
                    markerPrefix,
                    durable,
                    attempt::raise);
        } catch (SQLException e) {
            stream.close();
            throw e;
        }
    }

    /** The slot must be there, and not ahead of the key log: what it confirmed it will not send again. */
    private void checkSlot(Session session) throws SQLException {
        Optional<ReplicationSlot.State> found = ReplicationSlot.state(session, slot);
        if (found.isEmpty() || found.get().lost()) {
            throw Watch.slotLost(slot, found.isPresent());
        }
        Lsn durable = journal.durable(session, id).orElse(Lsn.ZERO);
        if (found.get().confirmed().isAfter(durable)) {
            throw new MigrationException(
                    ProblemCode.SLOT_LOST,
                    "replication slot %s was confirmed up to %s, but keys are logged up to %s only"
                            .formatted(slot.slot(), found.get().confirmed(), durable),
                    "Changes in between are lost to this migration; the source is untouched. Run again: the copy"
                            + " starts anew.");
        }
    }

    private MigrationReport report(MigrationPlan plan, Blueprint table, Outcome outcome, VerifyReport verified) {
        MigrationReport.CutoverReport cutover = outcome.cutover()
                .map(swap -> new MigrationReport.CutoverReport(swap.attempts(), swap.lockWait(), swap.lockHeld()))
                .orElse(MigrationReport.CutoverReport.EARLIER);
        return new MigrationReport(
                id,
                plan.table().name(),
                Strategy.SHADOW,
                meter.rowsCopied(),
                meter.keysApplied(),
                meter.phases(),
                cutover,
                outcome.maxSlotLagBytes(),
                pacing.rested(),
                verified,
                request.dropRetired() ? Optional.empty() : Optional.of(table.retired()));
    }
}
