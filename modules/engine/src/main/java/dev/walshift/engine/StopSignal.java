package dev.walshift.engine;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Tells every thread of a migration to stop at its next safe point. Raised once, never lowered. Any thread. */
public final class StopSignal {
    private final CountDownLatch raised = new CountDownLatch(1);
    private final List<StopSignal> children = new CopyOnWriteArrayList<>();

    public void raise() {
        raised.countDown();
        children.forEach(StopSignal::raise);
    }

    /** A signal that is raised with this one, and can be raised alone. */
    public StopSignal child() {
        StopSignal child = new StopSignal();
        children.add(child);
        if (isRaised()) {
            child.raise();
        }
        return child;
    }

    /** Forgets a child that nobody waits for any more. */
    public void forget(StopSignal child) {
        children.remove(child);
    }

    public boolean isRaised() {
        return raised.getCount() == 0;
    }

    /**
     * Waits, at most {@code time}.
     *
     * @return whether to stop; an interrupt counts as a request to stop and stays set
     */
    public boolean await(Duration time) {
        try {
            return raised.await(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /**
     * For the places where a stage may be left.
     *
     * @throws StoppedException if the signal is raised
     */
    public void check() {
        if (isRaised()) {
            throw new StoppedException();
        }
    }
}
