package dev.walshift.engine.journal;

import dev.walshift.engine.StopSignal;
import java.sql.SQLException;
import java.time.Duration;

/** Waits until the key log has caught up with the present. */
@FunctionalInterface
public interface KeyBarrier {
    /** Marks the present: what is committed before this call is before it. */
    Passage mark() throws SQLException;

    /** The way of the key log to what was marked as the present. */
    @FunctionalInterface
    interface Passage {
        /**
         * Returns when every key that a transaction changed which committed before the mark is durable in the key log.
         *
         * @return false if that took longer than {@code patience}
         * @throws dev.walshift.engine.StoppedException if {@code stop} is raised
         */
        boolean await(Duration patience, StopSignal stop);
    }

    /** Marks the present and waits for it, as {@link Passage#await} does. */
    default boolean pass(Duration patience, StopSignal stop) throws SQLException {
        return mark().await(patience, stop);
    }
}
