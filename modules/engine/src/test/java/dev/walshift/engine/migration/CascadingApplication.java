package dev.walshift.engine.migration;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** An application that makes a new customer each round, with what belongs to it, as long as it is let. */
final class CascadingApplication {
    private final TestDatabase database;
    private final int customers;
    private final Round round;
    private final Queue<String> errors = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean enough = new AtomicBoolean();
    private final AtomicInteger rounds = new AtomicInteger();
    private final CompletableFuture<Void> running;

    /** What is done with a new customer. */
    @FunctionalInterface
    interface Round {
        void live(Statement statement, int customer) throws SQLException;
    }

    private CascadingApplication(TestDatabase database, ExecutorService threads, int customers, Round round) {
        this.database = database;
        this.customers = customers;
        this.round = round;
        this.running = CompletableFuture.runAsync(this::live, threads);
    }

    /** @param customers that there are */
    static CascadingApplication start(TestDatabase database, ExecutorService threads, int customers, Round round) {
        return new CascadingApplication(database, threads, customers, round);
    }

    private void live() {
        try (Connection own = database.connect();
                Statement statement = own.createStatement()) {
            statement.execute("SET statement_timeout = '10s'");
            while (!enough.get()) {
                round.live(statement, customers + 1 + rounds.get());
                rounds.incrementAndGet();
            }
        } catch (SQLException e) {
            errors.add(e.getMessage());
        }
    }

    int rounds() {
        return rounds.get();
    }

    void awaitRounds(int more) {
        int sofar = rounds.get();
        await().atMost(Duration.ofSeconds(30)).until(() -> rounds.get() > sofar + more || !errors.isEmpty());
    }

    /** Ends it after some more rounds, and asserts that it met no error. */
    void end() {
        awaitRounds(3);
        enough.set(true);
        running.join();
        assertThat(errors).isEmpty();
    }
}
