package dev.walshift.engine.rules;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Something that goes on beside the test. */
final class Background<T> {
    private final FutureTask<T> task;

    private Background(FutureTask<T> task) {
        this.task = task;
    }

    /** Begins to do {@code work} in a thread of its own, which does not keep the JVM alive. */
    static <T> Background<T> start(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform().daemon().name("beside-the-test").start(task);
        return new Background<>(task);
    }

    /** {@link #start} for work without a result. */
    static Background<Boolean> run(Work work) {
        return start(() -> {
            work.run();
            return true;
        });
    }

    /** What may fail in any way. */
    @FunctionalInterface
    interface Work {
        void run() throws Exception;
    }

    boolean isDone() {
        return task.isDone();
    }

    /** Waits for the result; throws what the work threw, and fails if it takes too long. */
    T join() throws Exception {
        try {
            return task.get(Scene.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        } catch (TimeoutException e) {
            throw new AssertionError("what goes on beside the test does not end", e);
        }
    }
}
