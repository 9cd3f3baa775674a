package dev.walshift.engine.changes;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.StoppedException;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries changed keys from the stream into the key log, in a thread of its own: first durable, then confirmed, so that the slot keeps
 * seconds of WAL however long the copy takes.
 *
 * <p>{@link #mark} and {@link #check}: any thread.
 */
public final class ChangePump implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ChangePump.class);

    /** Keys are gathered this long before they are written, so that a trickle of changes costs few commits of ours. */
    private static final Duration GATHER = Duration.ofMillis(50);

    private static final int WRITE_AT_KEYS = 20_000;

    /** An LSN without keys is made durable this often, so that WAL which is not about our tables does not pile up. */
    private static final Duration IDLE_CONFIRM = Duration.ofSeconds(1);

    private static final Duration POLL = Duration.ofMillis(10);
    private static final SqlTemplate WRITTEN = SqlTemplate.of("SELECT pg_current_wal_insert_lsn()");

    private final ChangeStream stream;
    private final Session session;
    private final Journal journal;
    private final long migration;
    private final Map<Long, KeyLog> keyLogs = new LinkedHashMap<>();
    private final String markerPrefix;
    private final Runnable onFailure;

    private final Thread thread;
    private final StopSignal stop = new StopSignal();
    private final AtomicReference<Optional<Throwable>> failure = new AtomicReference<>(Optional.empty());
    private final Map<String, CountDownLatch> awaited = new ConcurrentHashMap<>();

    private final Map<Long, Set<KeyLog.Entry>> gathered = new LinkedHashMap<>();
    private final List<String> markers = new ArrayList<>();
    private final Deque<Confirmation> confirmations = new ArrayDeque<>();
    private Lsn end;
    private Lsn durable;
    private long writtenAt = System.nanoTime();

    /**
     * Takes over {@code stream} and {@code session}; {@link #start} starts the thread.
     *
     * @param markerPrefix the prefix of this migration's markers
     * @param durable up to where the key log has everything, from the journal
     * @param onFailure run by the pump's thread when it ends by a failure, which {@link #check} tells
     */
    public ChangePump(
            ChangeStream stream,
            Session session,
            Journal journal,
            long migration,
            List<KeyLog> keyLogs,
            String markerPrefix,
            Lsn durable,
            Runnable onFailure) {
        this.stream = stream;
        this.session = session;
        this.journal = journal;
        this.migration = migration;
        keyLogs.forEach(keyLog -> this.keyLogs.put(keyLog.table().source().oid(), keyLog));
        this.markerPrefix = markerPrefix;
        this.durable = durable;
        this.end = durable;
        this.onFailure = onFailure;
        this.thread = Thread.ofPlatform().name("walshift-change-pump").unstarted(this::pump);
    }

    public void start() {
        thread.start();
    }

    /**
     * Commits a marker: once the pump has passed it, every key that was committed before this call is durable in the key log.
     *
     * @param session to commit the marker in; in no transaction
     */
    public KeyBarrier.Passage mark(Session session) throws SQLException {
        String content = UUID.randomUUID().toString();
        CountDownLatch passed = new CountDownLatch(1);
        awaited.put(content, passed);
        new Marker(markerPrefix, content).emit(session);
        return (patience, stopping) -> awaitPassed(passed, patience, stopping);
    }

    private boolean awaitPassed(CountDownLatch passed, Duration patience, StopSignal stopping) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!await(passed, POLL)) {
            check();
            stopping.check();
            if (System.nanoTime() >= deadline) {
                return false;
            }
        }
        return true;
    }

    private static boolean await(CountDownLatch latch, Duration time) {
        try {
            return latch.await(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoppedException();
        }
    }

    /**
     * Tells if the pump is still at work.
     *
     * @throws MigrationException if it failed, with its cause
     */
    public void check() {
        failure.get().ifPresent(cause -> {
            if (cause instanceof MigrationException problem) {
                throw new MigrationException(
                        problem.code(), String.valueOf(problem.getMessage()), problem.remedy(), problem);
            }
            if (cause instanceof SQLException e
                    && (SqlStates.is(e, SqlStates.UNDEFINED_OBJECT)
                            || String.valueOf(e.getSQLState()).startsWith("22"))) {
                throw new MigrationException(
                        ProblemCode.PUBLICATION_LOST,
                        "the change stream can't go on: " + e.getMessage(),
                        "The source is untouched. Mend what the message names, then start the migration again.",
                        e);
            }
            throw new MigrationException(
                    ProblemCode.STREAM_FAILED,
                    "the change stream broke: " + cause.getMessage(),
                    "The source is untouched and the key log is complete up to where it broke. Run the same command"
                            + " again to go on.",
                    cause);
        });
    }

    private void pump() {
        try {
            while (!stop.isRaised()) {
                stream.poll(POLL).ifPresent(this::gather);
                if (isWriteDue()) {
                    write();
                }
                confirm();
                if (gathered.isEmpty()) {
                    tellPassed();
                }
            }
        } catch (SQLException | RuntimeException | Error e) {
            if (!stop.isRaised()) {
                failure.set(Optional.of(e));
                onFailure.run();
            }
        }
    }

    private void gather(ChangeBatch batch) {
        for (ChangedKey key : batch.keys()) {
            // A hot row changed often in one transaction is one entry; in two transactions it is two, since only one of
            // them
            // may be visible to a sync step.
            gathered.computeIfAbsent(key.relation(), relation -> new LinkedHashSet<>())
                    .add(new KeyLog.Entry(key.xid(), key.values()));
        }
        if (!batch.truncated().isEmpty()) {
            log.info("the source was truncated; every chunk and step notices that by its new file");
        }
        markers.addAll(batch.markers());
        end = Lsn.max(end, batch.end());
    }

    private boolean isWriteDue() {
        long age = System.nanoTime() - writtenAt;
        int keys = gathered.values().stream().mapToInt(Set::size).sum();
        if (keys > 0) {
            return !markers.isEmpty() || keys >= WRITE_AT_KEYS || age >= GATHER.toNanos();
        }
        return end.isAfter(durable) && age >= IDLE_CONFIRM.toNanos();
    }

    /**
     * What may be confirmed, and when.
     *
     * @param durable everything up to here is in the key log
     * @param written behind the commit that put it there
     */
    private record Confirmation(Lsn durable, Lsn written) {}

    /** Store first, then tell: only what is in the key log and on the disk is reported as passed, and later confirmed. */
    private void write() throws SQLException {
        boolean unused = session.inTransaction(Isolation.READ_COMMITTED, tx -> {
            for (Map.Entry<Long, Set<KeyLog.Entry>> entries : gathered.entrySet()) {
                Optional.ofNullable(keyLogs.get(entries.getKey()))
                        .orElseThrow()
                        .append(tx, List.copyOf(entries.getValue()));
            }
            journal.saveDurable(tx, migration, end);
            return true;
        });
        gathered.clear();
        durable = end;
        // Somebody may be waiting under the cutover's lock: nothing comes before them.
        tellPassed();
        if (confirmations.size() > 1) {
            // The oldest comes next, the latest says it all; those in between would only make the queue grow.
            confirmations.removeLast();
        }
        confirmations.add(new Confirmation(durable, session.queryOne(WRITTEN, row -> Lsn.parse(row.getString(1)))));
        writtenAt = System.nanoTime();
    }

    /**
     * Confirms what is in the key log as soon as the stream has passed the commit that put it there. The server sends a failover slot's
     * stream nothing that the standbys in synchronized_standby_slots have not on their disks, so by then they have that commit too. Else
     * a promoted standby, whose copy of the slot may be as new as ours, would have forgotten keys that the slot does not send again.
     */
    private void confirm() throws SQLException {
        while (!confirmations.isEmpty() && !confirmations.getFirst().written().isAfter(end)) {
            stream.confirm(confirmations.removeFirst().durable());
        }
    }

    /** Every key from before the markers is durable: whoever awaits one may go on. */
    private void tellPassed() {
        markers.forEach(content -> Optional.ofNullable(awaited.remove(content)).ifPresent(CountDownLatch::countDown));
        markers.clear();
    }

    /** Ends the thread, then the stream and the session; what was read but not written is delivered again by the next stream. */
    @Override
    public void close() throws SQLException {
        stop.raise();
        try (session;
                stream) {
            if (thread.isAlive() && !thread.join(Duration.ofSeconds(10))) {
                session.cancel();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
