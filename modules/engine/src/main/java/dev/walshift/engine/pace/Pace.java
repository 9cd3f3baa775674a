package dev.walshift.engine.pace;

import dev.walshift.engine.StopSignal;
import java.time.Duration;

/** How fast work goes that can be done in pieces. Asked by each worker between two pieces, when it holds no lock and no snapshot. */
@FunctionalInterface
public interface Pace {
    /** Without a pause. */
    Pace FULL = (work, wanted, stop) -> {
        stop.check();
        return wanted;
    };

    /**
     * Waits as long as it takes, which may be not at all, until the next piece may begin.
     *
     * @param work time that the worker's last piece took; zero before the first one
     * @param wantedBytes WAL that the next piece is likely to write
     * @return how much of it the next piece may write; more than 0 if more was wanted
     * @throws dev.walshift.engine.StoppedException if {@code stop} is raised
     */
    long admit(Duration work, long wantedBytes, StopSignal stop);

    /** By this pace and another one: whoever both admit may go on. */
    default Pace and(Pace other) {
        return (work, wantedBytes, stop) -> admit(work, other.admit(work, wantedBytes, stop), stop);
    }
}
