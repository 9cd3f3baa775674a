package dev.walshift.engine.model;

import dev.walshift.engine.model.Migrator.ViolatedException;
import dev.walshift.engine.model.Migrator.Violation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** One migration beside a few writers, in an order drawn from a seed: the same seed is the same run. */
final class Schedule {
    private static final int WRITERS = 3;
    private static final int TRANSACTIONS = 5;
    private static final int FIRST_ROWS = 3;
    private static final int MOST_STANDBY_LAG = 16;

    /** More than any run takes; a run that takes them hangs. */
    private static final int MOST_STEPS = 10_000;

    private final RandomGenerator random;
    private final List<Actor> actors = new ArrayList<>();
    private final List<Integer> weights = new ArrayList<>();
    private final List<String> steps = new ArrayList<>();
    private final Migrator migrator;

    private Schedule(long seed, Set<Rule> rules) {
        random = new SplittableRandom(seed);
        Server server = new Server();
        fill(server);
        Slot slot = new Slot(server);
        KeyLog log = new KeyLog();
        Pump pump = new Pump(server, slot, log, rules, random);
        List<Writer> writers = new ArrayList<>();
        migrator = new Migrator(
                server, slot, pump, log, rules, () -> writers.stream().allMatch(Writer::isIdle), random);
        int standbyLag = random.nextInt(2) * MOST_STANDBY_LAG;
        for (int i = 0; i < WRITERS; i++) {
            writers.add(new Writer(server, TRANSACTIONS, standbyLag, migrator::holdsLock, random));
        }
        actors.addAll(writers);
        actors.add(pump);
        actors.add(migrator);
        // Some runs have a slow reader, some an idle writer, some a quick migration.
        actors.forEach(actor -> weights.add(1 << (2 * random.nextInt(4))));
    }

    private static void fill(Server server) {
        long xid = server.begin();
        for (int key = 0; key < FIRST_ROWS; key++) {
            server.insert(xid, key, key / 2);
        }
        server.commitEmpty(xid);
    }

    /**
     * What a run came to.
     *
     * @param violation of what must never happen, if it did
     * @param steps what was done, in order, and how it ended
     */
    record Outcome(long seed, Optional<Violation> violation, List<String> steps) {
        @Override
        public String toString() {
            return "seed %d:%n  %s".formatted(seed, String.join("\n  ", steps));
        }
    }

    static Outcome run(long seed, Set<Rule> rules) {
        Schedule schedule = new Schedule(seed, rules);
        try {
            schedule.run();
            return new Outcome(seed, Optional.empty(), schedule.steps);
        } catch (ViolatedException e) {
            schedule.steps.add(String.valueOf(e.getMessage()));
            return new Outcome(seed, Optional.of(e.violation()), schedule.steps);
        }
    }

    private void run() {
        while (!migrator.isDone()) {
            if (steps.size() > MOST_STEPS) {
                throw new AssertionError("the model hangs: " + steps.subList(MOST_STEPS - 20, MOST_STEPS));
            }
            steps.add(next().step());
        }
    }

    private Actor next() {
        int sum = 0;
        for (int i = 0; i < actors.size(); i++) {
            sum += actors.get(i).canStep() ? weights.get(i) : 0;
        }
        if (sum == 0) {
            throw new AssertionError("nobody can go on after: " + steps);
        }
        int drawn = random.nextInt(sum);
        for (int i = 0; i < actors.size(); i++) {
            drawn -= actors.get(i).canStep() ? weights.get(i) : 0;
            if (drawn < 0) {
                return actors.get(i);
            }
        }
        throw new AssertionError("no actor drawn");
    }
}
