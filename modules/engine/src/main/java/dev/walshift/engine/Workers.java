package dev.walshift.engine;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Runs tasks side by side, each in a thread of its own, and waits for all of them. */
public final class Workers {
    private static final Duration AGAIN = Duration.ofMillis(500);

    private Workers() {}

    /** What one worker does. */
    @FunctionalInterface
    public interface Task {
        /**
         * Does its share of the work.
         *
         * @param stop raised when the operator or the failure of another worker asks to end early
         */
        void run(StopSignal stop) throws SQLException;
    }

    /**
     * Runs all tasks. The first failure stops the others and is thrown, the others' as suppressed ones.
     *
     * @param onStop what else to do when the signal is raised, such as cancelling statements; again from time to time, since a cancel
     *     that comes between two statements cancels nothing
     * @throws StoppedException if {@code stop} was raised
     */
    public static void run(String name, StopSignal stop, List<? extends Task> tasks, Task onStop) throws SQLException {
        StopSignal own = stop.child();
        AtomicReference<Optional<Throwable>> failure = new AtomicReference<>(Optional.empty());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < tasks.size(); i++) {
            Task task = tasks.get(i);
            threads.add(Thread.ofPlatform()
                    .name("walshift-" + name + "-" + (i + 1))
                    .start(() -> {
                        try {
                            task.run(own);
                        } catch (SQLException | RuntimeException | Error e) {
                            failure.accumulateAndGet(Optional.of(e), Workers::first);
                            own.raise();
                        }
                    }));
        }
        try {
            join(threads, own, onStop);
        } finally {
            stop.forget(own);
        }
        if (stop.isRaised() && failure.get().filter(Workers::isCancelled).isPresent()) {
            throw new StoppedException();
        }
        rethrow(failure.get());
        stop.check();
    }

    /** A statement on its own. */
    @FunctionalInterface
    public interface LongStatement {
        /** Runs it in the session that can be cancelled. */
        void run() throws SQLException;
    }

    /**
     * Runs a statement that may take long, and cancels it when the signal is raised meanwhile.
     *
     * @param session the one that {@code statement} uses
     * @throws StoppedException if {@code stop} was raised
     */
    public static void cancellable(Session session, StopSignal stop, LongStatement statement) throws SQLException {
        run("statement", stop, List.of(signal -> statement.run()), signal -> session.cancel());
    }

    private static Optional<Throwable> first(Optional<Throwable> earlier, Optional<Throwable> later) {
        // A worker that only followed the signal says nothing new.
        if (earlier.isEmpty() || earlier.get() instanceof StoppedException) {
            return later;
        }
        later.filter(e -> !(e instanceof StoppedException))
                .ifPresent(e -> earlier.get().addSuppressed(e));
        return earlier;
    }

    private static boolean isCancelled(Throwable failure) {
        return failure instanceof SQLException e && SqlStates.is(e, SqlStates.QUERY_CANCELED);
    }

    private static void join(List<Thread> threads, StopSignal own, Task onStop) throws SQLException {
        long told = 0;
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                if (own.isRaised() && (told == 0 || System.nanoTime() - told > AGAIN.toNanos())) {
                    told = System.nanoTime();
                    onStop.run(own);
                }
                try {
                    thread.join(20);
                } catch (InterruptedException e) {
                    interrupted = true;
                    own.raise();
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void rethrow(Optional<Throwable> failure) throws SQLException {
        if (failure.isPresent()) {
            switch (failure.get()) {
                case SQLException e -> throw e;
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                default -> throw new IllegalStateException(failure.get());
            }
        }
    }
}
