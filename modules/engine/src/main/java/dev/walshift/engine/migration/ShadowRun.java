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
import dev.walshift.engine.plan.MigrationPlan;
import dev.walshift.engine.plan.Planner;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.engine.sync.CatchUp;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.CatalogFingerprint;
import dev.walshift.engine.verify.Verifier;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.Xid;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The way over a shadow table, as the state in the journal says: prepare, copy, index, catch up, verify, cut over, finish.
 *
 * <p>One thread.
 */
final class ShadowRun {
    private static final SqlTemplate NEXT_XID = SqlTemplate.of("SELECT pg_snapshot_xmax(pg_current_snapshot())::text");

    private static final Duration SLOT_PATIENCE = Duration.ofSeconds(90);
    private static final Duration SLOT_POLL = Duration.ofMillis(200);

    private final Database database;
    private final MigrationRequest request;
    private final MigrationSettings settings;
    private final Planner planner;
    private final Journal journal;
    private final long id;
    private final SlotName slot;
    private final Setup setup;
    private final StopSignal work;
    private final Meter meter;
    private final AtomicLong applied = new AtomicLong();

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
    private record Outcome(Optional<Cutover.Result> cutover, long maxSlotLagBytes, boolean verified) {}

    MigrationReport run(Session session, MigrationPlan plan) throws SQLException {
        Blueprint table = prepare(session);
        Outcome outcome = state(session) instanceof MigrationState.Swapped
                ? new Outcome(Optional.empty(), 0, false)
                : fillAndSwap(session, table);
        meter.enter(Phase.FINISH, Optional::empty);
        setup.finish(session, table, slot, request.dropRetired());
        meter.leave();
        return report(plan, table, outcome);
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
            try (Session operator = database.openAsUser("prepare")) {
                Blueprint created = setup.create(operator, planner, request.alter(), slot);
                meter.detail("waiting for transactions that began before the copy");
                return setup.beginCopy(session, created);
            }
        }
        return journal.relations(session, id).getFirst();
    }

    /** Watches and reads the stream from here to the swap; begins the copy again as often as somebody rewrites the source. */
    private Outcome fillAndSwap(Session session, Blueprint prepared) throws SQLException {
        Blueprint table = prepared;
        checkSlot(session);
        while (true) {
            try {
                return fillAndSwapOnce(session, table);
            } catch (SourceRewrittenException e) {
                work.check();
                meter.detail("the source was rewritten, copying again");
                table = journal.relations(session, id).getFirst();
                CatalogFingerprint.requireUnchanged(session, table);
                table = setup.beginCopy(session, table);
            }
        }
    }

    private Outcome fillAndSwapOnce(Session session, Blueprint table) throws SQLException {
        KeyLog keyLog = new KeyLog(table);
        keyLog.count(session);
        StopSignal attempt = work.child();
        try (Watch watch = Watch.start(database.open("watch"), slot, List.of(table), attempt);
                ChangePump pump = openPump(session, keyLog, attempt);
                Session markers = database.open("marker")) {
            meter.slotLag(watch::slotLagBytes);
            meter.keys(keyLog::waiting, applied::get);
            pump.start();
            KeyBarrier barrier = (patience, stop) -> pump.passMarker(markers, patience, stop);
            try {
                copy(session, table, keyLog, attempt);
                index(session, table, attempt);
                try (CatchUp catchUp = CatchUp.open(database, keyLog, barrier, applied, request.workers())) {
                    meter.enter(Phase.CATCH_UP, Optional::empty);
                    catchUp.run(settings.exactBudget(), attempt);
                    boolean verified = verify(session, table, catchUp, attempt);
                    setup.sequences().release(session, table);
                    Cutover.Result swapped = cutOver(table, catchUp, barrier, attempt);
                    return new Outcome(Optional.of(swapped), watch.maxSlotLagBytes(), verified);
                }
            } catch (StoppedException e) {
                // Stopped by the operator, or because the stream or the watch met something: that says why.
                watch.check();
                pump.check();
                throw e;
            }
        }
    }

    private void copy(Session session, Blueprint table, KeyLog keyLog, StopSignal stop) throws SQLException {
        CopyProgress progress = new CopyProgress(id, table.source().oid());
        long copiedBefore = progress.rowsCopied(session);
        meter.rowsCopied(() -> copiedBefore);
        if (state(session) instanceof MigrationState.Copying copying) {
            TableCopier copier = new TableCopier(database, table, copying.fence(), progress, keyLog);
            meter.rowsCopied(copier::rowsCopied);
            meter.enter(Phase.COPY, () -> Optional.of(copier.done()));
            copier.run(session, request.workers(), stop);
            journal.save(session, id, new MigrationState.Indexing());
        }
    }

    private void index(Session session, Blueprint table, StopSignal stop) throws SQLException {
        if (state(session) instanceof MigrationState.Indexing) {
            IndexBuilder builder = new IndexBuilder(database, table);
            meter.enter(Phase.INDEX, () -> Optional.of(builder.done()));
            builder.run(request.workers(), stop);
            journal.save(session, id, new MigrationState.CatchingUp());
        }
    }

    private boolean verify(Session session, Blueprint table, CatchUp catchUp, StopSignal stop) throws SQLException {
        if (request.verify()) {
            Verifier verifier = new Verifier(table);
            meter.enter(Phase.VERIFY, () -> Optional.of(verifier.done()));
            verifier.run(session, work -> catchUp.exact(work::run, stop), stop);
        }
        return request.verify();
    }

    private Cutover.Result cutOver(Blueprint table, CatchUp catchUp, KeyBarrier barrier, StopSignal stop)
            throws SQLException {
        meter.enter(Phase.CUT_OVER, Optional::empty);
        Cutover cutover = new Cutover(
                database,
                journal,
                id,
                table,
                barrier,
                settings.cutover(),
                tx -> Publication.requireIntact(tx, slot, table),
                meter::detail);
        return cutover.run(() -> catchUp.run(settings.exactBudget(), stop).writer(), stop);
    }

    private ChangePump openPump(Session session, KeyLog keyLog, StopSignal attempt) throws SQLException {
        Blueprint table = keyLog.table();
        List<String> keyColumns = table.key().columns().stream()
                .map(column -> column.source().name())
                .toList();
        awaitFree(session);
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

    /** The walsender of a process that was killed goes on until it notices: wal_sender_timeout, 60 s by default. */
    private void awaitFree(Session session) throws SQLException {
        long deadline = System.nanoTime() + SLOT_PATIENCE.toNanos();
        while (ReplicationSlot.state(session, slot)
                        .filter(ReplicationSlot.State::active)
                        .isPresent()
                && System.nanoTime() < deadline) {
            meter.detail("waiting for the replication slot, which another process still uses");
            if (work.await(SLOT_POLL)) {
                throw new StoppedException();
            }
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

    private MigrationReport report(MigrationPlan plan, Blueprint table, Outcome outcome) {
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
                outcome.verified(),
                request.dropRetired() ? Optional.empty() : Optional.of(table.retired()));
    }
}
