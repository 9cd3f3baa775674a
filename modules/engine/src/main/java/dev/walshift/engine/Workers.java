package dev.walshift.engine;

import dev.walshift.postgres.SqlStates;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Runs tasks side by side, each in a thread of its own, and waits for all of them. */
public final class Workers {
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
     * @param onStop what else to do once when the signal is raised, such as cancelling statements
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
        join(threads, own, onStop);
        if (stop.isRaised() && failure.get().filter(Workers::isCancelled).isPresent()) {
            throw new StoppedException();
        }
        rethrow(failure.get());
        stop.check();
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
        boolean told = false;
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                if (own.isRaised() && !told) {
                    told = true;
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
