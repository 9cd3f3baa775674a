package dev.walshift.cli.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.walshift.cli.Cli;
import dev.walshift.cli.CliProcess;
import dev.walshift.engine.migration.Phase;
import dev.walshift.testkit.DrawnChange;
import dev.walshift.testkit.Leftovers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.oracle.Oracle;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.Workload;
import dev.walshift.testkit.workload.WorkloadOptions;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * One migration beside writers that never stop: disturbed at random, begun again with the same command until it is done, and then
 * compared with what the writers committed.
 */
final class Ordeal {
    private static final int MOST_PROCESSES = 60;
    private static final int LONGEST_DELAY_MILLIS = 20;
    /** Far longer than anything takes that ends by itself, the wait for a dead process's walsender included. */
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private static final Duration BETWEEN_TRANSACTIONS = Duration.ofMillis(3);
    /** What a shell makes of SIGKILL, and the JVM of a SIGTERM that comes before there is anything to stop. */
    private static final int KILLED = 137;

    private static final int TERMINATED = 143;

    private final Arena arena;
    private final Random random;
    private final TestDatabase database;
    private final DrawnChange drawn;
    private final Workload workload;
    private final Injector injector;
    private final DatabaseLook look;
    private final String sourceBefore;
    private final List<String> command;
    private final List<String> story = new ArrayList<>();
    private final List<FaultKind> met = new ArrayList<>();
    private final Deque<Phase> targets = new ArrayDeque<>();

    private Ordeal(Arena arena, Random random, TestDatabase database, DrawnChange drawn, Workload workload)
            throws SQLException {
        this.arena = arena;
        this.random = random;
        this.database = database;
        this.drawn = drawn;
        this.workload = workload;
        this.injector = new Injector(arena, database, workload, random);
        this.look = new DatabaseLook(database, drawn.table());
        this.sourceBefore = look.source();
        this.command = command();
    }

    /**
     * Runs one.
     *
     * @param faults the most that it may meet
     */
    static void run(Arena arena, Random random, int faults) throws Exception {
        DrawnChange drawn = DrawnChange.draw(random);
        int rows = 10_000 + random.nextInt(20_000);
        WorkloadOptions options =
                WorkloadOptions.of(random.nextLong(), 1 + random.nextInt(3)).with(BETWEEN_TRANSACTIONS);
        try (TestDatabase database = TestDatabase.create(arena.server())) {
            Truth start;
            try (Connection connection = database.connect()) {
                start = drawn.table().create(connection, rows);
            }
            String identity = List.of("DEFAULT", "DEFAULT", "FULL", "NOTHING").get(random.nextInt(4));
            database.execute("ALTER TABLE %s REPLICA IDENTITY %s"
                    .formatted(drawn.table().name().sql(), identity));
            try (Workload workload = Workload.start(database::connect, start, options)) {
                Ordeal ordeal = new Ordeal(arena, random, database, drawn, workload);
                ordeal.tell("PostgreSQL %s, %d rows, %d writers, replica identity %s, key %s: %s"
                        .formatted(
                                arena.server().version(),
                                rows,
                                options.writers(),
                                identity,
                                drawn.table().keyKind(),
                                ordeal.command));
                ordeal.chooseTargets(faults);
                ordeal.goThrough();
            }
        }
    }

    private List<String> command() {
        List<String> words = new ArrayList<>(List.of(
                "run",
                "--json",
                "--url",
                "postgresql://%s@127.0.0.1:%d/%s"
                        .formatted(database.server().user(), arena.proxy().port(), database.name()),
                "--table",
                drawn.table().name().sql(),
                "--alter",
                drawn.alter()));
        if (random.nextInt(3) == 0) {
            words.add("--drop-retired");
        }
        return List.copyOf(words);
    }

    /** In the order of the phases, so that most of them can be met. */
    private void chooseTargets(int faults) {
        List<Phase> all = List.of(Phase.values());
        List<Phase> chosen = new ArrayList<>();
        for (int i = 0; i < faults; i++) {
            chosen.add(arena.tally().scarce(all, random));
        }
        targets.addAll(chosen.stream().sorted().toList());
    }

    private void goThrough() throws Exception {
        try {
            int processes = 0;
            while (!isDone()) {
                assertThat(++processes).as("processes").isLessThan(MOST_PROCESSES);
                runProcess();
                checkNothingIsLeft();
                if (random.nextInt(8) == 0) {
                    abort();
                }
            }
            compare();
        } catch (Throwable e) {
            throw new AssertionError(String.join("\n", story), e);
        }
    }

    private void tell(String line) {
        story.add(line);
        arena.diary().printf("%s %s%n", Instant.now().truncatedTo(ChronoUnit.MILLIS), line);
    }

    private boolean isDone() throws SQLException {
        return look.lastMigration()
                .filter(entry -> entry.state().equals("FINISHED"))
                .isPresent();
    }

    private void runProcess() throws Exception {
        Optional<DatabaseLook.Entry> journal = look.lastMigration();
        arena.tracker()
                .begin(journal.filter(entry -> entry.state().equals("SWAPPED")).isPresent());
        arena.tally().add("processes", 1);
        tell("process begins, journal %s".formatted(journal));
        int metBefore = met.size();
        try (CliProcess walshift = CliProcess.start(arena.folder(), command.toArray(String[]::new))) {
            int exitCode = disturb(walshift);
            arena.tracker().disarm();
            tell("process ended with %d, journal %s".formatted(exitCode, look.lastMigration()));
            judge(exitCode, walshift, met.subList(metBefore, met.size()));
        }
    }

    /** Until the process has ended, or nothing more is to be done to it; returns its exit code. */
    private int disturb(CliProcess walshift) throws Exception {
        while (!targets.isEmpty()) {
            Phase target = targets.getFirst();
            FaultKind kind = FaultKind.draw(target, random);
            CompletableFuture<Phase> hit = injector.arm(kind, target, walshift);
            CompletableFuture.anyOf(hit, walshift.end()).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (!hit.isDone()) {
                break;
            }
            if (walshift.endsWithin(injector.upTo(LONGEST_DELAY_MILLIS)) && !kind.hitsOneMessage()) {
                break;
            }
            if (injector.inject(kind, walshift)) {
                Phase phase = hit.join();
                met.add(kind);
                arena.tally().fault(kind, phase);
                tell("  %s in %s (aimed at %s)".formatted(kind, phase, target));
            }
            targets.removeFirst();
        }
        return walshift.exitCode(PATIENCE);
    }

    private void judge(int exitCode, CliProcess walshift, List<FaultKind> now) throws IOException {
        String output = walshift.out() + walshift.err();
        arena.tally().add("exitCode" + exitCode, 1);
        boolean expected = switch (exitCode) {
            case 0 -> true;
            // Failed before may be told by the next process, which only cleans up.
            case 4 -> met.stream().anyMatch(kind -> kind.explains(problemCode(walshift)));
            // The server may still be away because of an earlier one.
            case 5 ->
                now.stream().anyMatch(FaultKind::interrupts)
                        || met.stream().anyMatch(kind -> kind.explains(problemCode(walshift)));
            case KILLED -> now.stream().anyMatch(FaultKind::mayKill);
            case TERMINATED -> now.contains(FaultKind.TERM);
            default -> false;
        };
        assertThat(expected)
                .as("exit code %d after %s\n%s", exitCode, now, output)
                .isTrue();
    }

    private static String problemCode(CliProcess walshift) {
        try {
            String last =
                    walshift.out().lines().reduce((first, second) -> second).orElse("{}");
            return new ObjectMapper().readTree(last).at("/problem/code").asText();
        } catch (IOException e) {
            throw new AssertionError("no JSON: " + walshift.out(), e);
        }
    }

    /** Whenever no migration is under way. */
    private void checkNothingIsLeft() throws SQLException {
        if (look.lastMigration().filter(entry -> !entry.isOver()).isEmpty()) {
            try (Connection connection = database.connect()) {
                assertThat(Leftovers.in(connection)).isEmpty();
            }
            if (!isDone()) {
                assertThat(look.source()).isEqualTo(sourceBefore);
            }
        }
    }

    private void abort() throws SQLException {
        Optional<DatabaseLook.Entry> journal = look.lastMigration().filter(entry -> !entry.isOver());
        if (journal.isEmpty() || journal.get().state().equals("SWAPPED")) {
            return;
        }
        Cli.Result result = Cli.bare().run("abort", Long.toString(journal.get().id()), "--url", database.url());
        arena.tally().add("aborts", 1);
        tell("abort ended with %d, journal %s".formatted(result.exitCode(), look.lastMigration()));
        assertThat(result.exitCode()).as(result.out() + result.err()).isZero();
        assertThat(look.lastMigration()).map(DatabaseLook.Entry::isOver).hasValue(true);
        checkNothingIsLeft();
    }

    private void compare() throws SQLException {
        Truth end = workload.stop();
        assertThat(workload.errors()).as("errors that the application met").isEmpty();
        if (met.stream().noneMatch(FaultKind::hitsTheApplication)) {
            assertThat(workload.stats().lostConnections())
                    .as("connections that the application lost")
                    .isZero();
        }
        try (Connection connection = database.connect()) {
            Comparison comparison = Oracle.compare(connection, end, drawn.expectation());
            arena.tally().add("divergences", comparison.differenceCount());
            arena.tally().add("rowsCompared", comparison.foundRows());
            assertThat(comparison.isExact()).as(comparison.toString()).isTrue();
        }
        checkNothingIsLeft();
        assertThat(look.source()).isNotEqualTo(sourceBefore);
        assertThat(look.retiredTables()).isEqualTo(command.contains("--drop-retired") ? 0 : 1);
        assertThat(look.replicaIdentities()).isEqualTo(sourceBefore.split("; ", 4)[2]);
        arena.tally().add("migrations", 1);
        arena.tally().add("transactions", workload.stats().transactions());
    }
}
