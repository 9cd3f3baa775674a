package dev.walshift.engine.faults;

import static org.awaitility.Awaitility.await;

import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAccumulator;

/** Sessions of an application, each of which does the statements of its habit again and again. */
final class Crowd implements AutoCloseable {
    /**
     * Far more than an attempt's lock_timeout, its drain and what the server grants on top, so that a slow disk is not taken for a long
     * lock; a longer wait is an error of the application.
     */
    private static final String LONGEST_WAIT = "10s";

    /** After the swap. */
    private static final int STATEMENTS_MORE = 200;

    private final Queue<String> errors = new ConcurrentLinkedQueue<>();
    private final LongAccumulator longest = new LongAccumulator(Long::max, 0);
    private final AtomicInteger statements = new AtomicInteger();
    private final AtomicBoolean enough = new AtomicBoolean();
    private final List<CompletableFuture<Void>> sessions;

    private Crowd(TestDatabase database, List<List<String>> habits, ExecutorService threads) {
        this.sessions = habits.stream()
                .map(habit -> CompletableFuture.runAsync(() -> live(database, habit), threads))
                .toList();
    }

    /** One session for each habit, from now on. */
    static Crowd of(TestDatabase database, List<List<String>> habits, ExecutorService threads) {
        return new Crowd(database, habits, threads);
    }

    /** Lets them go on for a while, and then end. */
    void stayAndLeave() {
        int before = statements.get();
        await().atMost(Hold.PATIENCE).until(() -> statements.get() > before + STATEMENTS_MORE);
        enough.set(true);
        sessions.forEach(CompletableFuture::join);
    }

    /** Ends them if they have not ended: whoever runs them waits for them. */
    @Override
    public void close() {
        enough.set(true);
    }

    /** The habit and the server's message; such a session did not go on. */
    List<String> errors() {
        return List.copyOf(errors);
    }

    private void live(TestDatabase database, List<String> habit) {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET statement_timeout = '%s'".formatted(LONGEST_WAIT));
            while (!enough.get()) {
                for (String sql : habit) {
                    long began = System.nanoTime();
                    statement.execute(sql);
                    longest.accumulate(System.nanoTime() - began);
                    statements.incrementAndGet();
                }
            }
        } catch (SQLException e) {
            errors.add(habit + ": " + e.getMessage());
        }
    }

    @Override
    public String toString() {
        return "%d statements, the longest took %d ms".formatted(statements.get(), longest.get() / 1_000_000);
    }
}
