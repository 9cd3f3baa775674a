package dev.walshift.engine.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What of PostgreSQL the algorithm rests on: xids, the proc array, snapshots, one table of row versions on pages, the WAL.
 *
 * <p>A commit is two events, as in the server: its record enters the WAL, and some time later (a synchronous standby may take long) the
 * transaction leaves the proc array; only then do snapshots see it.
 */
final class Server {
    /** What the WAL holds; an LSN is an index. */
    sealed interface WalRecord {}

    record Change(long xid, int key) implements WalRecord {}

    record Commit(long xid) implements WalRecord {}

    /** A version of a row. Its payload is unique, so that no stale version passes for the present one. */
    static final class Version {
        final int page;
        final int key;
        final int payload;
        final long xmin;
        private long xmax;

        private Version(int page, int key, int payload, long xmin) {
            this.page = page;
            this.key = key;
            this.payload = payload;
            this.xmin = xmin;
        }
    }

    private static final long FIRST_XID = 100;
    private static final int MOST_PAGES = 5;

    private final List<Version> heap = new ArrayList<>();
    private final List<WalRecord> wal = new ArrayList<>();
    private final NavigableSet<Long> procArray = new TreeSet<>();
    private final Set<Long> aborted = new HashSet<>();
    private long nextXid = FIRST_XID;
    private long latestCompleted = FIRST_XID - 1;
    private int pages = 1;
    private int payloads;

    // Transactions.

    long begin() {
        long xid = nextXid++;
        procArray.add(xid);
        return xid;
    }

    /** The commit record is in the WAL; nobody sees the transaction yet. */
    void logCommit(long xid) {
        wal.add(new Commit(xid));
    }

    /** From now on new snapshots see the transaction. */
    void leaveProcArray(long xid) {
        procArray.remove(xid);
        latestCompleted = Math.max(latestCompleted, xid);
    }

    void abort(long xid) {
        aborted.add(xid);
        leaveProcArray(xid);
    }

    /** A transaction that changes nothing in the table; returns the LSN of its commit. */
    int commitEmpty(long xid) {
        logCommit(xid);
        leaveProcArray(xid);
        return wal.size() - 1;
    }

    // What others can learn.

    /** GetSnapshotData: xmax is behind the latest transaction that ended, not behind the latest one that began. */
    Snapshot snapshot() {
        long xmax = latestCompleted + 1;
        NavigableSet<Long> running = new TreeSet<>(procArray.headSet(xmax, false));
        return new Snapshot(running.isEmpty() ? xmax : running.first(), xmax, running);
    }

    long nextXid() {
        return nextXid;
    }

    /** The oldest transaction in the proc array, or the next one. */
    long oldestRunning() {
        return procArray.isEmpty() ? nextXid : procArray.first();
    }

    int pages() {
        return pages;
    }

    List<WalRecord> wal() {
        return wal;
    }

    // The table.

    Stream<Version> visible(Snapshot snapshot) {
        return heap.stream().filter(version -> isSeen(snapshot, version.xmin) && !isSeen(snapshot, version.xmax));
    }

    private boolean isSeen(Snapshot snapshot, long xid) {
        return xid != 0 && !aborted.contains(xid) && snapshot.sees(xid);
    }

    /** The table's rows: key and payload. */
    Map<Integer, Integer> rows(Snapshot snapshot) {
        Map<Integer, Integer> rows = new TreeMap<>();
        visible(snapshot).forEach(version -> {
            if (rows.put(version.key, version.payload) != null) {
                throw new AssertionError("the model's own source has key %d twice".formatted(version.key));
            }
        });
        return rows;
    }

    /** Whether {@code xid} may change the row now: no other transaction that has not ended has changed it. */
    boolean mayChange(long xid, int key) {
        return heap.stream()
                .filter(version -> version.key == key)
                .noneMatch(version -> isOther(xid, version.xmin) || isOther(xid, version.xmax));
    }

    private boolean isOther(long xid, long writer) {
        return writer != xid && procArray.contains(writer);
    }

    boolean has(int key) {
        return heap.stream().anyMatch(version -> version.key == key && isLive(version));
    }

    private boolean isLive(Version version) {
        return !aborted.contains(version.xmin) && (version.xmax == 0 || aborted.contains(version.xmax));
    }

    /** Inserts a row; a page behind the last one makes the table longer. */
    void insert(long xid, int key, int page) {
        int at = Math.min(page, MOST_PAGES - 1);
        pages = Math.max(pages, at + 1);
        heap.add(new Version(at, key, payloads++, xid));
        wal.add(new Change(xid, key));
    }

    void delete(long xid, int key) {
        for (Version version : heap) {
            if (version.key == key && isLive(version)) {
                version.xmax = xid;
            }
        }
        wal.add(new Change(xid, key));
    }
}
