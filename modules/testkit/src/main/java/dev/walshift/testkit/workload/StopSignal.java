package dev.walshift.testkit.workload;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Tells writers to stop: first in good order, then whatever is left undone. Any thread. */
final class StopSignal {
    private final CountDownLatch stop = new CountDownLatch(1);
    private final CountDownLatch abandon = new CountDownLatch(1);

    /** No new transactions; the outcome of the last one is still found out. */
    void stop() {
        stop.countDown();
    }

    /** Nothing any more. */
    void abandon() {
        stop.countDown();
        abandon.countDown();
    }

    boolean isStopping() {
        return stop.getCount() == 0;
    }

    /** Waits, at most until the signal to stop. */
    void pause(Duration duration) {
        await(stop, duration);
    }

    /** Waits between attempts at something that has to be finished; false if it has to be given up. */
    boolean pauseUnlessAbandoned(Duration duration) {
        return !await(abandon, duration);
    }

    /** An interrupt, which only this JVM's end can cause, counts as the signal. */
    private boolean await(CountDownLatch latch, Duration duration) {
        try {
            return latch.await(duration.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            abandon();
            return true;
        }
    }
}
