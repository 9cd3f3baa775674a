package dev.walshift.engine.migration;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.pace.Limit;
import dev.walshift.engine.pace.Units;
import java.time.Duration;

/**
 * Stops a run when its time is over, in a thread of its own; a monotonic clock counts.
 *
 * <p>{@link #start} and {@link #close} by the run's thread, the rest by any.
 */
final class TimeLimit implements AutoCloseable {
    private final Limit<Duration> limit;
    private final StopSignal work;
    private final StopSignal over = new StopSignal();
    private volatile boolean reached;

    /** @param work raised when the time is over */
    TimeLimit(Limit<Duration> limit, StopSignal work) {
        this.limit = limit;
        this.work = work;
    }

    /** The time begins. */
    TimeLimit start() {
        limit.most()
                .ifPresent(
                        most -> Thread.ofPlatform().name("walshift-time-limit").start(() -> awaitEnd(most)));
        return this;
    }

    private void awaitEnd(Duration most) {
        if (!over.await(most)) {
            reached = !work.isRaised();
            work.raise();
        }
    }

    /** Why a run was stopped that was told to. */
    ProblemCode stopCode() {
        return reached ? ProblemCode.BUDGET_EXCEEDED : ProblemCode.STOPPED;
    }

    /** The same in words. */
    String stopReason() {
        return reached
                ? "stopped after %s, as --max-time says"
                        .formatted(Units.time(limit.most().orElseThrow()))
                : "stopped on request";
    }

    @Override
    public void close() {
        over.raise();
    }
}
