package dev.walshift.engine.migration;

import dev.walshift.engine.StopSignal;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.journal.PaceOrders;
import dev.walshift.engine.pace.Backlog;
import dev.walshift.engine.pace.Pace;
import dev.walshift.engine.pace.PaceController;
import dev.walshift.engine.pace.PaceMode;
import dev.walshift.engine.pace.PaceSettings;
import dev.walshift.engine.pace.Throttle;
import dev.walshift.engine.pace.WalPace;
import dev.walshift.postgres.Database;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How fast each stage of a migration may go: as the server and the application fare, and as the WAL budget says.
 *
 * <p>Any thread.
 */
final class Pacing {
    private static final Logger log = LoggerFactory.getLogger(Pacing.class);

    /** Share of its time; for as long as it takes, whatever the application changes has to be brought over as well. */
    private static final double LEAST_OF_VERIFY = 0.5;

    private final Throttle throttle = new Throttle();
    private final WalPace walPace = new WalPace();

    /** Measures, and sets the pace, until it is closed. */
    PaceController control(Database database, PaceSettings settings, SlotName slot, long migration) {
        PaceOrders given = new PaceOrders(migration);
        PaceController.Orders orders = reader -> given.latest(reader).map(PaceMode::valueOf);
        return PaceController.start(
                database, settings, orders, slot.slot().name(), throttle, change -> log.info("{}", change));
    }

    /** Told how much WAL may be written. */
    WalPace wal() {
        return walPace;
    }

    /** Of each of so many workers that copy side by side. */
    Pace ofCopy(int workers) {
        return walPace.and(throttle.among(workers));
    }

    /**
     * Of the one thread that asks, for all that work on a batch.
     *
     * @param waiting how many changes are left to apply
     */
    Pace ofCatchUp(LongSupplier waiting) {
        return walPace.and(throttle.among(1, new Backlog(waiting)));
    }

    /** It writes nothing, and what changes meanwhile is applied at the other's pace. */
    Pace ofVerify() {
        return throttle.among(1, () -> LEAST_OF_VERIFY);
    }

    /** Waits while work stands still; for what can be put off, but not be done slowly. */
    void awaitGo(StopSignal stop) {
        throttle.awaitGo(stop);
    }

    /** Whether there is somebody to go slowly for. */
    boolean isHeldBack() {
        return throttle.isHeldBack();
    }

    /** Why it is slower than it could be, for people; empty if it is not. */
    String words() {
        return throttle.words();
    }

    /** The part of the time so far that went by waiting, 0 to 1. */
    double rested() {
        return throttle.rested();
    }
}
