package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A client that writes round after round, in a thread of its own, as long as it is let, and meets no error. */
final class Application implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Between two rounds, so that it leaves something of the processors to whom it writes beside. */
    private static final Duration PAUSE = Duration.ofMillis(1);

    private final TestDatabase database;
    private final int first;
    private final Round round;
    private final Queue<String> errors = new ConcurrentLinkedQueue<>();
    private final AtomicInteger rounds = new AtomicInteger();
    private final Thread thread;
    private final CountDownLatch enough = new CountDownLatch(1);

    /** What is done each time, with a number that is one more each time. */
    @FunctionalInterface
    interface Round {
        void write(Statement statement, int number) throws SQLException;
    }

    private Application(TestDatabase database, int first, Round round) {
        this.database = database;
        this.first = first;
        this.round = round;
        this.thread = Thread.ofVirtual().unstarted(this::write);
    }

    /**
     * Begins, and waits for some rounds.
     *
     * @param first number of the first round
     */
    static Application start(TestDatabase database, int first, Round round) {
        Application application = new Application(database, first, round);
        application.thread.start();
        application.awaitRounds(3);
        return application;
    }

    private void write() {
        try (Connection own = database.connect();
                Statement statement = own.createStatement()) {
            statement.execute("SET statement_timeout = '10s'");
            while (!enough.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
                round.write(statement, first + rounds.get());
                rounds.incrementAndGet();
            }
        } catch (SQLException e) {
            errors.add(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            errors.add("interrupted");
        }
    }

    void awaitRounds(int more) {
        int sofar = rounds.get();
        await().atMost(PATIENCE).until(() -> rounds.get() > sofar + more || !errors.isEmpty());
    }

    /** Ends it after some more rounds, asserts that it met no error, and tells how many rounds there were. */
    int end() throws InterruptedException {
        awaitRounds(3);
        enough.countDown();
        assertThat(thread.join(PATIENCE)).isTrue();
        assertThat(errors).isEmpty();
        return rounds.get();
    }

    @Override
    public void close() {
        enough.countDown();
    }
}
