package dev.walshift.engine.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Reads the slot, as late as the schedule likes, and carries keys into the log; dies now and then and begins at what it had confirmed. */
final class Pump implements Actor {
    private record Gathered(int key, long xid) {}

    private final Server server;
    private final Slot slot;
    private final KeyLog log;
    private final Set<Rule> rules;
    private final RandomGenerator random;
    private final List<Gathered> gathered = new ArrayList<>();
    private int read;
    private int durable;
    private int confirmed;
    private int deathsLeft = 2;

    Pump(Server server, Slot slot, KeyLog log, Set<Rule> rules, RandomGenerator random) {
        this.server = server;
        this.slot = slot;
        this.log = log;
        this.rules = rules;
        this.random = random;
    }

    /** Whether all that was in the WAL up to {@code lsn} is durable in the log. */
    boolean hasPassed(int lsn) {
        return durable > lsn;
    }

    @Override
    public boolean canStep() {
        return slot.isConsistent() && (read < server.wal().size() || durable < read);
    }

    @Override
    public String step() {
        if (deathsLeft > 0 && random.nextInt(20) == 0) {
            return die();
        }
        return read < server.wal().size() && random.nextInt(3) > 0 ? read() : write();
    }

    private String read() {
        read = Math.max(read, slot.consistentAt());
        if (read < server.wal().size()) {
            int lsn = read++;
            if (server.wal().get(lsn) instanceof Server.Commit commit) {
                slot.decode(lsn, commit).forEach(key -> gathered.add(new Gathered(key, commit.xid())));
            }
        }
        if (!rules.contains(Rule.DURABLE_BEFORE_CONFIRMED)) {
            confirmed = read;
        }
        return "the pump reads up to " + read;
    }

    private String write() {
        gathered.forEach(change -> log.append(change.key(), change.xid()));
        gathered.clear();
        durable = Math.max(durable, read);
        // Confirmed late, or not before it dies: then the same changes come again.
        if (random.nextBoolean()) {
            confirmed = Math.max(confirmed, durable);
        }
        return "the pump has logged up to " + durable;
    }

    private String die() {
        deathsLeft--;
        gathered.clear();
        read = confirmed;
        return "the pump dies and begins at " + read;
    }
}
