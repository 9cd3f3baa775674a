package dev.walshift.engine;

import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.LongUnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does something that needs a strong lock on a table the application uses, without making the application queue behind us: each
 * attempt is a fresh transaction with a short lock_timeout, and between attempts the queue is left alone.
 *
 * @param lockTimeout of one attempt, cut to below the server's deadlock_timeout; while we wait in the queue, later statements on the
 *     table wait behind us
 * @param attempts before giving up
 * @param pause before the second attempt; doubled each time up to {@link #MAX_PAUSE}, with jitter
 * @param random gives a number from 0 to below its argument, for the jitter
 */
public record LockRetry(Duration lockTimeout, int attempts, Duration pause, LongUnaryOperator random) {
    private static final Logger log = LoggerFactory.getLogger(LockRetry.class);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(10);
    private static final Duration VACUUM_PATIENCE = Duration.ofSeconds(5);
    private static final SqlTemplate KEEP_OUT_VACUUM =
            SqlTemplate.of("LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE");
    private static final SqlTemplate LOCK_TIMEOUT = SqlTemplate.of("SET LOCAL lock_timeout = {timeout}");
    /** A client that hangs does not keep the table from being vacuumed. */
    private static final SqlTemplate LIMITS = SqlTemplate.of("""
        SET LOCAL lock_timeout = {limit};
        SET LOCAL idle_in_transaction_session_timeout = {limit}
        """);

    private static final SqlTemplate DEADLOCK_TIMEOUT =
            SqlTemplate.of("SELECT setting::bigint FROM pg_settings WHERE name = 'deadlock_timeout'");

    public LockRetry {
        if (lockTimeout.toMillis() < 1 || attempts < 1) {
            throw new IllegalArgumentException("lock timeout must be 1 ms or more and attempts 1 or more, got %s and %d"
                    .formatted(lockTimeout, attempts));
        }
    }

    /** The time to wait before attempt {@code attempt + 1}: half of it fixed, half of it by chance. */
    public Duration pauseAfter(int attempt) {
        long doubled = pause.toMillis() << Math.min(attempt - 1, 20);
        long bounded = Math.max(2, Math.min(doubled, MAX_PAUSE.toMillis()));
        return Duration.ofMillis(bounded / 2 + random.applyAsLong(bounded / 2));
    }

    /**
     * Runs {@code work} in a transaction, again while a lock is not granted in time.
     *
     * @param work asks for one lock that the application could wait for: while we wait for a second one, a session that waits for the
     *     first could be told of a deadlock
     * @param what for messages: "drop schema ..."
     * @throws MigrationException if no attempt got its lock
     * @throws StoppedException if {@code stop} is raised between attempts
     */
    public <T> T run(Session session, String what, StopSignal stop, Session.Work<T> work) throws SQLException {
        return run(session, what, stop, () -> {}, work);
    }

    /** The same for work on a table that the application uses: before each attempt a plain autovacuum of it is made to give way. */
    public <T> T runOn(QualifiedName table, Session session, String what, StopSignal stop, Session.Work<T> work)
            throws SQLException {
        return runOn(List.of(table), session, what, stop, work);
    }

    /** The same for work on several, which takes their locks by {@link #inTurn}. */
    public <T> T runOn(List<QualifiedName> tables, Session session, String what, StopSignal stop, Session.Work<T> work)
            throws SQLException {
        return run(
                session,
                what,
                stop,
                () -> {
                    for (QualifiedName table : tables) {
                        evictVacuum(session, table, VACUUM_PATIENCE);
                    }
                },
                work);
    }

    /** Takes a lock. */
    @FunctionalInterface
    public interface Taking<L> {
        void take(L lock) throws SQLException;
    }

    /**
     * Takes several locks, which together wait no longer than one may: the server counts lock_timeout for each, so what is left of it is set
     * again before each.
     */
    public static <L> void inTurn(Session transaction, Duration lockTimeout, List<L> locks, Taking<L> taking)
            throws SQLException {
        long deadline = System.nanoTime() + lockTimeout.toNanos();
        for (L lock : locks) {
            long left =
                    Math.max(1, Duration.ofNanos(deadline - System.nanoTime()).toMillis());
            setLockTimeout(transaction, Duration.ofMillis(left));
            taking.take(lock);
        }
    }

    /** What comes before an attempt. */
    private interface Preparation {
        void run() throws SQLException;
    }

    private <T> T run(Session session, String what, StopSignal stop, Preparation before, Session.Work<T> work)
            throws SQLException {
        Duration timeout = lockTimeoutOn(session);
        for (int attempt = 1; ; attempt++) {
            try {
                before.run();
                return session.inTransaction(Isolation.READ_COMMITTED, tx -> {
                    setLockTimeout(tx, timeout);
                    return work.run(tx);
                });
            } catch (SQLException e) {
                if (!SqlStates.is(e, SqlStates.LOCK_NOT_AVAILABLE)) {
                    throw e;
                }
                log.info("attempt {} to {}: lock not granted within {} ms", attempt, what, timeout.toMillis());
                if (attempt == attempts) {
                    throw new MigrationException(
                            ProblemCode.LOCK_NOT_GRANTED,
                            "could not %s: the lock was not granted in %d attempts of %d ms"
                                    .formatted(what, attempts, timeout.toMillis()),
                            "End the long transactions that use the table (pg_stat_activity, pg_locks), then run the"
                                    + " same command again.",
                            e);
                }
            }
            if (stop.await(pauseAfter(attempt))) {
                throw new StoppedException();
            }
        }
    }

    /**
     * The lock_timeout of an attempt on this server: {@link #lockTimeout}, but short of deadlock_timeout, so that it is we who yield, and
     * nobody gets a deadlock error because of us.
     */
    public Duration lockTimeoutOn(Session session) throws SQLException {
        long deadlockTimeout = session.queryOne(DEADLOCK_TIMEOUT, row -> row.getLong(1));
        return Duration.ofMillis(Math.min(lockTimeout.toMillis(), Math.max(1, deadlockTimeout / 2)));
    }

    /**
     * Queues, at no cost to the application's DML, for a lock that makes a plain autovacuum give way after deadlock_timeout; a short
     * attempt at a stronger one would never make it.
     *
     * <p>In a transaction of its own: whoever reads the table and then asks for a lock that conflicts with this one would wait for us while
     * we ask for the stronger one, and it would be theirs to be told of a deadlock, having waited longer.
     *
     * @param session outside a transaction
     * @param patience more than deadlock_timeout
     * @throws SQLException LOCK_NOT_AVAILABLE if what holds the table is no plain autovacuum
     */
    public static void evictVacuum(Session session, QualifiedName table, Duration patience) throws SQLException {
        session.transact(tx -> {
            tx.execute(LIMITS.with("limit", millis(patience)));
            tx.execute(KEEP_OUT_VACUUM.with("table", table));
        });
    }

    /** Sets lock_timeout for the rest of the transaction; the server counts it for each lock. */
    public static void setLockTimeout(Session transaction, Duration timeout) throws SQLException {
        transaction.execute(LOCK_TIMEOUT.with("timeout", millis(timeout)));
    }

    private static SqlText millis(Duration time) {
        return new SqlText(Long.toString(time.toMillis()));
    }
}
