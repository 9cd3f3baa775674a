package dev.walshift.engine.model;

import java.util.List;

/**
 * A logical replication slot: how it comes to its consistent point, and what it decodes (src/backend/replication/logical/snapbuild.c,
 * SnapBuildFindSnapshot, SnapBuildProcessChange).
 *
 * <p>Nothing running: consistent at once. Else it waits for everything that runs to leave the proc array, begins to gather changes, waits
 * again for everything that runs then, and is consistent. Decoded is a transaction whose commit record lies behind the consistent point:
 * one that committed before and is still in the proc array is not.
 */
final class Slot {
    private enum Stage {
        START,
        BUILDING,
        FULL,
        CONSISTENT
    }

    private final Server server;
    private Stage stage = Stage.START;
    private long nextPhaseAt;
    private int gathersFrom;
    private long gathersXidsFrom;
    private int consistentAt;

    Slot(Server server) {
        this.server = server;
    }

    boolean isConsistent() {
        return stage == Stage.CONSISTENT;
    }

    /** The LSN where reading begins. */
    int consistentAt() {
        return consistentAt;
    }

    /** SnapBuildWaitSnapshot: for the transactions of the last running-xacts record. */
    boolean canAdvance() {
        return !isConsistent() && server.oldestRunning() >= nextPhaseAt;
    }

    /** Logs a running-xacts record and reads it. */
    void advance() {
        boolean nothingRuns = server.oldestRunning() == server.nextXid();
        if (stage == Stage.BUILDING || (nothingRuns && stage == Stage.START)) {
            gathersFrom = server.wal().size();
            gathersXidsFrom = server.nextXid();
        }
        if (nothingRuns || stage == Stage.FULL) {
            stage = Stage.CONSISTENT;
            consistentAt = server.wal().size();
        } else {
            stage = stage == Stage.START ? Stage.BUILDING : Stage.FULL;
        }
        nextPhaseAt = server.nextXid();
    }

    /** The keys that the transaction changed which committed at {@code lsn}. */
    List<Integer> decode(int lsn, Server.Commit commit) {
        if (lsn < consistentAt) {
            return List.of();
        }
        return server.wal().subList(gathersFrom, lsn).stream()
                .filter(Server.Change.class::isInstance)
                .map(Server.Change.class::cast)
                .filter(change -> change.xid() == commit.xid() && change.xid() >= gathersXidsFrom)
                .map(Server.Change::key)
                .toList();
    }
}
