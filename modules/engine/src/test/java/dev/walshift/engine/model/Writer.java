package dev.walshift.engine.model;

import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/**
 * A session of the application's: transactions one after the other, each with an xid from its first step on, a few changes, and an end.
 */
final class Writer implements Actor {
    static final int KEYS = 4;
    private static final int MOST_CHANGES = 3;

    private enum Stage {
        IDLE,
        OPEN,
        COMMITTED
    }

    private final Server server;
    private final RandomGenerator random;
    private final int standbyLag;
    private final BooleanSupplier tableIsLocked;
    private Stage stage = Stage.IDLE;
    private long xid;
    private int changesLeft;
    private int transactionsLeft;

    /**
     * @param standbyLag how many steps, on average, a commit waits for a synchronous standby
     */
    Writer(Server server, int transactions, int standbyLag, BooleanSupplier tableIsLocked, RandomGenerator random) {
        this.server = server;
        this.transactionsLeft = transactions;
        this.standbyLag = standbyLag;
        this.tableIsLocked = tableIsLocked;
        this.random = random;
    }

    boolean isIdle() {
        return stage == Stage.IDLE;
    }

    @Override
    public boolean canStep() {
        return stage != Stage.IDLE || (transactionsLeft > 0 && !tableIsLocked.getAsBoolean());
    }

    @Override
    public String step() {
        return switch (stage) {
            case IDLE -> begin();
            case OPEN -> changesLeft-- > 0 ? change() : end();
            case COMMITTED -> becomeVisible();
        };
    }

    private String begin() {
        xid = server.begin();
        transactionsLeft--;
        changesLeft = random.nextInt(MOST_CHANGES + 1);
        stage = Stage.OPEN;
        return "begin " + xid;
    }

    private String change() {
        int key = random.nextInt(KEYS);
        int page = random.nextInt(server.pages() + 1);
        if (!server.mayChange(xid, key)) {
            return "%d leaves row %d, which another transaction holds".formatted(xid, key);
        }
        if (!server.has(key)) {
            server.insert(xid, key, page);
            return "%d inserts row %d on page %d".formatted(xid, key, page);
        }
        server.delete(xid, key);
        int kind = random.nextInt(4);
        if (kind == 0) {
            return "%d deletes row %d".formatted(xid, key);
        }
        int other = random.nextInt(KEYS);
        if (kind == 1 && server.mayChange(xid, other) && !server.has(other)) {
            server.insert(xid, other, page);
            return "%d makes row %d row %d, on page %d".formatted(xid, key, other, page);
        }
        server.insert(xid, key, page);
        return "%d updates row %d onto page %d".formatted(xid, key, page);
    }

    private String end() {
        if (random.nextInt(8) == 0) {
            server.abort(xid);
            stage = Stage.IDLE;
            return "abort " + xid;
        }
        server.logCommit(xid);
        stage = Stage.COMMITTED;
        return "commit of %d is in the WAL".formatted(xid);
    }

    private String becomeVisible() {
        if (random.nextInt(standbyLag + 1) > 0) {
            return "%d waits for the standby".formatted(xid);
        }
        server.leaveProcArray(xid);
        stage = Stage.IDLE;
        return "commit of %d is visible".formatted(xid);
    }
}
