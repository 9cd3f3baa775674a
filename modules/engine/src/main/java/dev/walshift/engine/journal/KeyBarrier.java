package dev.walshift.engine.journal;

import dev.walshift.engine.StopSignal;
import java.sql.SQLException;
import java.time.Duration;

/** Waits until the key log has caught up with the present. */
@FunctionalInterface
public interface KeyBarrier {
    /**
     * Returns when every key that a transaction changed which committed before the call is durable in the key log.
     *
     * @return false if that took longer than {@code patience}
     * @throws dev.walshift.engine.StoppedException if {@code stop} is raised
     */
    boolean pass(Duration patience, StopSignal stop) throws SQLException;
}
