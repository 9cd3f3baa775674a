package dev.walshift.engine.migration;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.changes.Publication;
import dev.walshift.engine.changes.ReplicationSlot;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Looks after a running migration in a thread of its own: how much WAL the slot holds back, whether it lost some, whether a limit is
 * reached, whether somebody changed a table's schema, so that all further work would be for nothing, and whether somebody changed a replica
 * identity so that our publication would make the application's updates fail; then the publication goes at once.
 *
 * <p>The figures and {@link #check}: any thread.
 */
final class Watch implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofMillis(200);

    /** A view that somebody makes and drops again, say for a report, is nothing to end a migration of hours for. */
    private static final int LOOKS_AT_A_CHANGE = 3;

    /** Deparsing takes a lock on the table; while somebody else keeps it, there is the rest to look after. */
    private static final Duration SCHEMA_LOCK_TIMEOUT = Duration.ofMillis(200);

    /** What we ask takes milliseconds: after so long without an answer there is no network any more. */
    private static final Duration NETWORK_TIMEOUT = Duration.ofSeconds(20);

    /** The stream's own end is noticed by its reader at once, unless the network swallows that; the server ended it then. */
    private static final Duration STREAM_TIMEOUT = Duration.ofSeconds(10);

    private final Database database;
    private final Session session;
    private final SlotName slot;
    private final List<Blueprint> tables;
    private final BudgetKeeper budgets;
    private final Check schema;
    private final Duration schemaInterval;
    private final StopSignal work;
    private final StopSignal stop = new StopSignal();
    private final Thread thread;

    private volatile long slotLagBytes;
    private volatile long maxSlotLagBytes;
    private volatile Optional<MigrationException> failure = Optional.empty();
    private long streamSeen = System.nanoTime();
    private int looksAtAChange;

    /** What must hold all along. */
    @FunctionalInterface
    interface Check {
        /** Throws a {@link MigrationException} if it does not. */
        void run(Session transaction) throws SQLException;
    }

    private Watch(
            Database database,
            Session session,
            SlotName slot,
            List<Blueprint> tables,
            BudgetKeeper budgets,
            Check schema,
            Duration schemaInterval,
            StopSignal work) {
        this.database = database;
        this.session = session;
        this.slot = slot;
        this.tables = tables;
        this.budgets = budgets;
        this.schema = schema;
        this.schemaInterval = schemaInterval;
        this.work = work;
        this.thread = Thread.ofPlatform().name("walshift-watch").unstarted(this::watch);
    }

    /**
     * Starts the thread.
     *
     * @param database all of whose sessions are cut off when the server does not answer any more
     * @param budgets asked whether a limit is reached
     * @param schema that the migration is this process's, and the tables are as they were planned for
     * @param schemaInterval between two of these checks, which read all that hangs on the table
     * @param work raised when the migration must stop because of what was seen
     */
    static Watch start(
            Database database,
            SlotName slot,
            List<Blueprint> tables,
            BudgetKeeper budgets,
            Check schema,
            Duration schemaInterval,
            StopSignal work)
            throws SQLException {
        Session session = database.open("watch");
        try {
            session.connection().setNetworkTimeout(Runnable::run, Math.toIntExact(NETWORK_TIMEOUT.toMillis()));
        } catch (SQLException e) {
            session.close();
            throw e;
        }
        Watch watch = new Watch(database, session, slot, tables, budgets, schema, schemaInterval, work);
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
        long lookedAtSchema = System.nanoTime();
        try {
            do {
                lookAtSlot();
                lookAtPublication();
                if (System.nanoTime() - lookedAtSchema > schemaInterval.toNanos()) {
                    lookAtSchema();
                    lookedAtSchema = System.nanoTime();
                }
                if (failure.isEmpty()) {
                    budgets.look(session, slotLagBytes).ifPresent(this::fail);
                }
            } while (failure.isEmpty() && !stop.await(INTERVAL));
        } catch (RuntimeException | Error e) {
            // Or else the workers would wait for measurements that never come.
            fail(new MigrationException(
                    ProblemCode.SERVER_ERROR,
                    "an error in walshift itself, please report it: " + e,
                    "Run the same command again to go on.",
                    e));
        } catch (SQLException e) {
            if (!stop.isRaised()) {
                fail(new MigrationException(
                        ProblemCode.SERVER_UNAVAILABLE,
                        "the server does not answer: " + e.getMessage(),
                        "Run the same command again to go on.",
                        e));
                if (SqlStates.isNetworkLost(e)) {
                    database.cutOff();
                }
            }
        }
    }

    private void lookAtSlot() throws SQLException {
        Optional<ReplicationSlot.State> state = ReplicationSlot.state(session, slot);
        if (state.isEmpty() || state.get().lost()) {
            fail(slotLost(slot, state.isPresent()));
            return;
        }
        long now = System.nanoTime();
        if (state.get().active()) {
            streamSeen = now;
        } else if (now - streamSeen > STREAM_TIMEOUT.toNanos()) {
            fail(new MigrationException(
                    ProblemCode.STREAM_FAILED,
                    "the server ended the change stream",
                    "The key log is complete up to where it ended. Run the same command again to go on."));
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

    private void lookAtSchema() throws SQLException {
        try {
            session.transact(tx -> {
                LockRetry.setLockTimeout(tx, SCHEMA_LOCK_TIMEOUT);
                schema.run(tx);
            });
        } catch (MigrationException e) {
            if (++looksAtAChange >= LOOKS_AT_A_CHANGE) {
                fail(e);
            }
            return;
        } catch (SQLException e) {
            // Not granted in time: the next look tells, and before the swap there is one under our own lock.
            if (!SqlStates.is(e, SqlStates.LOCK_NOT_AVAILABLE)) {
                throw e;
            }
        }
        looksAtAChange = 0;
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
