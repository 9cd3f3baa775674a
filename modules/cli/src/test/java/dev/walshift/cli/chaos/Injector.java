package dev.walshift.cli.chaos;

import static org.awaitility.Awaitility.await;

import dev.walshift.cli.CliProcess;
import dev.walshift.engine.migration.Phase;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.fault.Verdict;
import dev.walshift.testkit.workload.Workload;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** Does one thing after the other to a process of walshift, its connections and its server. */
final class Injector {
    /** Until the server's own limits have freed the application from a hung walshift: seconds. */
    private static final Duration FREED_WITHIN = Duration.ofSeconds(60);

    private static final int LONGEST_HOLE_MILLIS = 2_500;
    private static final int LONGEST_HANG_MILLIS = 1_500;

    private final Arena arena;
    private final TestDatabase database;
    private final Workload workload;
    private final Random random;

    Injector(Arena arena, TestDatabase database, Workload workload, Random random) {
        this.arena = arena;
        this.database = database;
        this.workload = workload;
        this.random = random;
    }

    /** Waits for the instant; what has to hit one message exactly is done there and then. */
    CompletableFuture<Phase> arm(FaultKind kind, Phase target, CliProcess walshift) {
        PhaseTracker tracker = arena.tracker();
        int messages = 1 + random.nextInt(tracker.most(target));
        return switch (kind) {
            case HANG_UNDER_LOCK ->
                tracker.arm(PhaseTracker.Place::underLock, () -> {
                    walshift.freeze();
                    return Verdict.FORWARD;
                });
            case CUT_BEFORE_COMMIT -> tracker.arm(PhaseTracker.Place::isSwapCommit, () -> Verdict.CUT);
            case CUT_AFTER_COMMIT -> tracker.arm(PhaseTracker.Place::isSwapCommit, () -> Verdict.CUT_ANSWER);
            default ->
                tracker.arm(
                        place -> place.phase().compareTo(target) > 0
                                || (place.phase() == target && place.messages() >= messages),
                        () -> Verdict.FORWARD);
        };
    }

    /** Does it, or the rest of it; false if there was nothing that it could be done to. */
    boolean inject(FaultKind kind, CliProcess walshift) throws SQLException, InterruptedException {
        switch (kind) {
            case KILL -> walshift.kill();
            case TERM -> walshift.terminate();
            case TERMINATE_BACKEND -> {
                return terminateBackend();
            }
            case SERVER_CRASH -> {
                arena.server().stop(PostgresServer.StopMode.IMMEDIATE);
                arena.server().startAgain();
            }
            case CUT -> arena.proxy().cut();
            case BLACK_HOLE -> {
                arena.proxy().goSilent();
                boolean unused = walshift.endsWithin(upTo(LONGEST_HOLE_MILLIS));
                arena.proxy().speakAgain();
            }
            case HANG -> {
                walshift.freeze();
                hang(walshift);
            }
            case HANG_UNDER_LOCK -> hang(walshift);
            case CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT -> {}
        }
        return true;
    }

    /** The application must go on although walshift does not. */
    private void hang(CliProcess walshift) throws InterruptedException {
        long before = workload.stats().transactions();
        long writers = workload.options().writers();
        await("the application goes on beside a hung walshift")
                .atMost(FREED_WITHIN)
                .until(() -> workload.stats().transactions() > before + writers);
        boolean unused = walshift.endsWithin(upTo(LONGEST_HANG_MILLIS));
        if (random.nextInt(3) == 0) {
            walshift.kill();
        } else {
            walshift.thaw();
        }
    }

    Duration upTo(int millis) {
        return Duration.ofMillis(random.nextInt(millis + 1));
    }

    /** First a kind of session is chosen, so that the many workers don't hide the one walsender. */
    private boolean terminateBackend() throws SQLException {
        Map<String, List<Integer>> sessions = new TreeMap<>();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            try (ResultSet rows = statement.executeQuery("""
                SELECT application_name, pid FROM pg_stat_activity
                 WHERE application_name LIKE 'walshift %' AND datname = current_database()
                 ORDER BY pid
                """)) {
                while (rows.next()) {
                    sessions.computeIfAbsent(rows.getString(1), unused -> new ArrayList<>())
                            .add(rows.getInt(2));
                }
            }
            if (sessions.isEmpty()) {
                return false;
            }
            List<List<Integer>> kinds = List.copyOf(sessions.values());
            List<Integer> pids = kinds.get(random.nextInt(kinds.size()));
            statement.execute("SELECT pg_terminate_backend(%d)".formatted(pids.get(random.nextInt(pids.size()))));
            return true;
        }
    }
}
