package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.changes.Publication;
import dev.walshift.engine.changes.ReplicationSlot;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Looks after a running migration in a thread of its own: how much WAL the slot holds back, whether it lost some, and whether somebody
 * changed a replica identity so that our publication would make the application's updates fail; then the publication goes at once.
 *
 * <p>The figures and {@link #check}: any thread.
 */
final class Watch implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofMillis(200);

    private final Session session;
    private final SlotName slot;
    private final List<Blueprint> tables;
    private final StopSignal work;
    private final StopSignal stop = new StopSignal();
    private final Thread thread;

    private volatile long slotLagBytes;
    private volatile long maxSlotLagBytes;
    private volatile Optional<MigrationException> failure = Optional.empty();

    private Watch(Session session, SlotName slot, List<Blueprint> tables, StopSignal work) {
        this.session = session;
        this.slot = slot;
        this.tables = tables;
        this.work = work;
        this.thread = Thread.ofPlatform().name("walshift-watch").unstarted(this::watch);
    }

    /**
     * Starts the thread and takes over {@code session}.
     *
     * @param work raised when the migration must stop because of what was seen
     */
    static Watch start(Session session, SlotName slot, List<Blueprint> tables, StopSignal work) {
        Watch watch = new Watch(session, slot, tables, work);
        watch.thread.start();
        return watch;
    }

    long slotLagBytes() {
        return slotLagBytes;
    }

    long maxSlotLagBytes() {
        return maxSlotLagBytes;
    }

    /**
     * Tells if all is well.
     *
     * @throws MigrationException if the watch saw something that ends the migration
     */
    void check() {
        failure.ifPresent(problem -> {
            throw problem;
        });
    }

    private void watch() {
        try {
            do {
                lookAtSlot();
                lookAtPublication();
            } while (failure.isEmpty() && !stop.await(INTERVAL));
        } catch (SQLException e) {
            if (!stop.isRaised()) {
                fail(new MigrationException(
                        ProblemCode.SERVER_UNAVAILABLE,
                        "the server can't be watched any more: " + e.getMessage(),
                        "Run the same command again to go on.",
                        e));
            }
        }
    }

    private void lookAtSlot() throws SQLException {
        Optional<ReplicationSlot.State> state = ReplicationSlot.state(session, slot);
        if (state.isEmpty() || state.get().lost()) {
            fail(slotLost(slot, state.isPresent()));
            return;
        }
        slotLagBytes = state.get().lagBytes();
        maxSlotLagBytes = Math.max(maxSlotLagBytes, slotLagBytes);
    }

    static MigrationException slotLost(SlotName slot, boolean exists) {
        return new MigrationException(
                ProblemCode.SLOT_LOST,
                exists
                        ? "replication slot %s no longer holds the WAL this migration needs (wal_status = lost)"
                                .formatted(slot.slot())
                        : "replication slot %s is gone".formatted(slot.slot()),
                "The source table is untouched. Raise max_slot_wal_keep_size if it was reached, then run again: the"
                        + " copy starts anew.");
    }

    private void lookAtPublication() throws SQLException {
        for (Blueprint table : tables) {
            try {
                Publication.requireIntact(session, slot, table);
            } catch (MigrationException e) {
                Publication.drop(session, slot);
                fail(e);
            }
        }
    }

    private void fail(MigrationException problem) {
        failure = Optional.of(problem);
        work.raise();
    }

    /** Ends the thread and the session. */
    @Override
    public void close() throws SQLException {
        stop.raise();
        try (session) {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
