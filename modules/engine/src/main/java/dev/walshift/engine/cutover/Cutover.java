package dev.walshift.engine.cutover;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.SourceRewrittenException;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.StoppedException;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.CatalogFingerprint;
import dev.walshift.engine.table.RelationLock;
import dev.walshift.engine.table.SourceGuard;
import dev.walshift.postgres.CommitUnknownException;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.postgres.Xid;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Swaps source and shadow in one transaction, under a short lock. Each attempt is a fresh transaction; between two of them the lock
 * queue is left alone and the shadow is brought up to date again.
 *
 * <p>One thread.
 */
public final class Cutover {
    /**
     * Local: waiting for a standby would hold the lock. The timeouts are the server's, so that they hold for a client that hangs too.
     */
    private static final SqlTemplate LIMITS = SqlTemplate.of("""
        SET LOCAL synchronous_commit = local;
        SET LOCAL statement_timeout = {limit};
        SET LOCAL idle_in_transaction_session_timeout = {limit}
        """);

    private static final SqlTemplate TRANSACTION_LIMIT = SqlTemplate.of("SET LOCAL transaction_timeout = {limit}");
    private static final int TRANSACTION_TIMEOUT_SINCE = 17;

    /** What a statement may take beyond its own budget before the server ends it. */
    private static final Duration GRACE = Duration.ofSeconds(1);

    /** For statements that were running at the last step; meanwhile keys come that the lock has to wait for. */
    private static final Duration STATEMENT_PATIENCE = Duration.ofMillis(500);

    private static final Duration SNAPSHOT_POLL = Duration.ofMillis(10);

    private final Database database;
    private final Journal journal;
    private final long migration;
    private final KeyLog keyLog;
    private final Blueprint table;
    private final KeyBarrier barrier;
    private final CutoverSettings settings;
    private final Check streamIntact;
    private final Consumer<String> events;

    /**
     * The cutover of one table.
     *
     * @param barrier passes once the stream has delivered everything up to the present
     * @param streamIntact that the stream carried every change until now
     * @param events told what an attempt met, for people
     */
    public Cutover(
            Database database,
            Journal journal,
            long migration,
            KeyLog keyLog,
            KeyBarrier barrier,
            CutoverSettings settings,
            Check streamIntact,
            Consumer<String> events) {
        this.database = database;
        this.journal = journal;
        this.migration = migration;
        this.keyLog = keyLog;
        this.table = keyLog.table();
        this.barrier = barrier;
        this.settings = settings;
        this.streamIntact = streamIntact;
        this.events = events;
    }

    /** What else must hold under the lock. */
    @FunctionalInterface
    public interface Check {
        /** Throws if it does not. */
        void run(Session transaction) throws SQLException;
    }

    /** Brings the shadow up to date before an attempt; returns the last transaction that wrote to it. */
    @FunctionalInterface
    public interface CatchUp {
        Xid upToDate() throws SQLException;
    }

    /**
     * The swap happened.
     *
     * @param attempts transactions begun
     * @param lockWait in the queue for ACCESS EXCLUSIVE, in the attempt that succeeded
     * @param lockHeld from its grant to the end of COMMIT
     */
    public record Result(int attempts, Duration lockWait, Duration lockHeld) {}

    private enum Setback {
        LOCK_NOT_GRANTED,
        OLD_SNAPSHOT,
        DRAIN_TOO_SLOW,
        TAKEN_BACK,
        COMMIT_LOST
    }

    /** Ends an attempt: its transaction is rolled back and another one may follow. */
    private static final class AttemptFailed extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final Setback setback;

        AttemptFailed(Setback setback, String what) {
            super(what);
            this.setback = setback;
        }
    }

    /**
     * Tries until the tables are swapped.
     *
     * @throws MigrationException LOCK_NOT_GRANTED after the last attempt, SOURCE_CHANGED if somebody changed the source's schema
     * @throws SourceRewrittenException if the copy has to begin again
     * @throws StoppedException if {@code stop} is raised before the swap
     */
    public Result run(CatchUp catchUp, StopSignal stop) throws SQLException {
        int oldSnapshots = 0;
        for (int attempt = 1; ; attempt++) {
            stop.check();
            boolean giveWay = oldSnapshots < settings.oldSnapshotAttempts();
            try (Session session = database.open("cutover")) {
                Duration lockTimeout = settings.lock().lockTimeoutOn(session);
                rehearse(session);
                evictVacuum(session);
                Xid lastWriter = catchUp.upToDate();
                return attempt(
                        session, attempt, lockTimeout, giveWay ? Optional.of(lastWriter) : Optional.empty(), stop);
            } catch (AttemptFailed e) {
                events.accept("cutover attempt %d: %s".formatted(attempt, e.getMessage()));
                oldSnapshots += e.setback == Setback.OLD_SNAPSHOT ? 1 : 0;
                if (attempt >= settings.lock().attempts()) {
                    throw new MigrationException(
                            ProblemCode.LOCK_NOT_GRANTED,
                            "no swap after %d attempts; the last one: %s".formatted(attempt, e.getMessage()),
                            "The new table is ready and is kept up to date when you run the same command again; choose"
                                    + " a quieter time or end the sessions named above.",
                            e);
                }
            }
            if (stop.await(settings.lock().pauseAfter(attempt))) {
                throw new StoppedException();
            }
        }
    }

    /** Once without the lock: what has changed need not be locked, and what was planned here runs quickly under the lock. */
    private void rehearse(Session session) throws SQLException {
        session.planOnce();
        session.transact(tx -> {
            checkUnchanged(tx);
            table.namesakes().requireUnchanged(tx, table.source().name());
        });
    }

    private Result attempt(Session session, int number, Duration lockTimeout, Optional<Xid> giveWayTo, StopSignal stop)
            throws SQLException {
        long[] granted = new long[2];
        try {
            awaitNewerSnapshots(session, giveWayTo, stop);
            List<SqlPart> drainAndSwap = drainAndSwap();
            session.transact(tx -> {
                limitWholeTransaction(tx, lockTimeout);
                granted[0] = System.nanoTime();
                lock(tx, lockTimeout);
                granted[1] = System.nanoTime();
                try (Deadline deadline = Deadline.start(tx, settings.drain())) {
                    // Nobody writes any more: while the last keys are on their way, the rest is looked at.
                    KeyBarrier.Passage lastKeys = barrier.mark();
                    checkUnchanged(tx);
                    checkOldSnapshots(tx, giveWayTo);
                    await(lastKeys, stop);
                    tx.executeAll(drainAndSwap);
                    // Functions know no lock: one may have come since the rehearsal, and been taken for another's.
                    if (!table.namesakes().areBuiltIn()) {
                        table.namesakes().requireUnchanged(tx, table.source().name());
                    }
                    journal.save(tx, migration, new MigrationState.Swapped());
                }
                checkDeadline(granted[1]);
            });
            return new Result(
                    number,
                    Duration.ofNanos(granted[1] - granted[0]),
                    Duration.ofNanos(System.nanoTime() - granted[1]));
        } catch (CommitUnknownException e) {
            return askJournal(number, e);
        } catch (SQLException e) {
            // A lock that somebody holds on a sequence, a timeout of ours under the lock, a cut connection: the server
            // took it all back.
            if (SqlStates.isPassing(e)) {
                throw new AttemptFailed(Setback.TAKEN_BACK, "taken back by the server: " + e.getMessage());
            }
            throw e;
        }
    }

    /** The outcome of a COMMIT that nobody saw end stands in the journal; reading it waits for the transaction to end. */
    private Result askJournal(int number, CommitUnknownException e) throws SQLException {
        try (Session session = database.open("journal")) {
            MigrationState state = session.inTransaction(
                    Isolation.READ_COMMITTED, tx -> journal.load(tx, migration).state());
            if (state instanceof MigrationState.Swapped) {
                return new Result(number, Duration.ZERO, Duration.ZERO);
            }
            throw new AttemptFailed(
                    Setback.COMMIT_LOST,
                    "the connection was lost during COMMIT, which did not happen: " + e.getMessage());
        }
    }

    private static void limit(Session tx, Duration longest) throws SQLException {
        tx.execute(LIMITS.with("limit", new SqlText(Long.toString(longest.toMillis()))));
    }

    /** From here on a client that hangs, or a server that is slow, gives the lock back. */
    private void limitWholeTransaction(Session tx, Duration lockTimeout) throws SQLException {
        if (tx.serverMajor() >= TRANSACTION_TIMEOUT_SINCE) {
            Duration longest = lockTimeout.plus(settings.drain()).plus(GRACE);
            tx.execute(TRANSACTION_LIMIT.with("limit", new SqlText(Long.toString(longest.toMillis()))));
        }
    }

    private void evictVacuum(Session session) throws SQLException {
        for (RelationLock lock : locks()) {
            if (lock.table()) {
                orSetBack(
                        "a vacuum, index build or schema change holds the table",
                        lock.relation(),
                        () -> LockRetry.evictVacuum(session, lock.relation(), settings.vacuumPatience()));
            }
        }
    }

    /** In the order in which the application comes to them, or whoever holds one would wait for us with what we wait for in hand. */
    private List<RelationLock> locks() {
        List<RelationLock> others = table.dependents().locks();
        return Stream.of(
                        others.stream().filter(other -> !other.afterSource()),
                        Stream.of(RelationLock.of(table.source().name())),
                        // One by one, since what is left of the time is set before each.
                        table.sourceTree().below().stream().map(RelationLock::of),
                        others.stream().filter(RelationLock::afterSource))
                .flatMap(part -> part)
                .toList();
    }

    private void lock(Session tx, Duration lockTimeout) throws SQLException {
        limit(tx, settings.drain().plus(GRACE));
        LockRetry.inTurn(
                tx,
                lockTimeout,
                locks(),
                lock -> orSetBack(
                        "lock not granted within %d ms".formatted(lockTimeout.toMillis()),
                        lock.relation(),
                        () -> tx.execute(lock.statement())));
    }

    /** What asks for a lock. */
    private interface Locking {
        void run() throws SQLException;
    }

    private void orSetBack(String setback, QualifiedName relation, Locking locking) throws SQLException {
        try {
            locking.run();
        } catch (SQLException e) {
            if (!SqlStates.is(e, SqlStates.LOCK_NOT_AVAILABLE)) {
                throw e;
            }
            throw new AttemptFailed(
                    Setback.LOCK_NOT_GRANTED, "%s on %s%s".formatted(setback, relation, holders(relation)));
        }
    }

    private String holders(QualifiedName relation) throws SQLException {
        try (Session session = database.open("monitor")) {
            List<String> holders = LockHolders.of(session, relation);
            return holders.isEmpty() ? "" : "; held by " + String.join(", ", holders);
        }
    }

    private void checkUnchanged(Session tx) throws SQLException {
        String unused = SourceGuard.hold(tx, table);
        CatalogFingerprint.requireSourceUnchanged(tx, table);
        streamIntact.run(tx);
    }

    /**
     * A REPEATABLE READ transaction with such a snapshot would find the new table empty or stale. The server's own rewriting ALTER TABLE does
     * that to it (documentation, "Caveats" of MVCC); we give way first.
     */
    private static void checkOldSnapshots(Session tx, Optional<Xid> giveWayTo) throws SQLException {
        if (giveWayTo.isPresent()) {
            List<String> older = LockHolders.withSnapshotsOlderThan(tx, giveWayTo.get());
            if (!older.isEmpty()) {
                throw new AttemptFailed(
                        Setback.OLD_SNAPSHOT,
                        "transactions with an older snapshot could read the new table as empty: "
                                + String.join(", ", older));
            }
        }
    }

    /**
     * A statement that was running at the last step ends soon, and on a busy server there is always one; a transaction that keeps its snapshot
     * does not, and is worth giving the attempt up before the lock is asked for.
     */
    private static void awaitNewerSnapshots(Session session, Optional<Xid> giveWayTo, StopSignal stop)
            throws SQLException {
        long deadline = System.nanoTime() + STATEMENT_PATIENCE.toNanos();
        while (giveWayTo.isPresent()
                && System.nanoTime() < deadline
                && !LockHolders.withSnapshotsOlderThan(session, giveWayTo.get()).isEmpty()) {
            if (stop.await(SNAPSHOT_POLL)) {
                throw new StoppedException();
            }
        }
        session.transact(tx -> checkOldSnapshots(tx, giveWayTo));
    }

    private void await(KeyBarrier.Passage lastKeys, StopSignal stop) {
        if (!lastKeys.await(settings.drain(), stop)) {
            throw new AttemptFailed(
                    Setback.DRAIN_TOO_SLOW,
                    "the change stream did not get through within %d ms"
                            .formatted(settings.drain().toMillis()));
        }
    }

    private List<SqlPart> drainAndSwap() {
        List<SqlPart> statements = new ArrayList<>(Drain.statements(keyLog));
        statements.addAll(Swap.statements(table));
        return statements;
    }

    /** Late is not wrong, but what took so long may be about to take longer: COMMIT only in time. */
    private void checkDeadline(long granted) {
        Duration held = Duration.ofNanos(System.nanoTime() - granted);
        if (held.compareTo(settings.drain()) > 0) {
            throw new AttemptFailed(
                    Setback.DRAIN_TOO_SLOW,
                    "the last keys took %d ms, longer than %d"
                            .formatted(held.toMillis(), settings.drain().toMillis()));
        }
    }
}
