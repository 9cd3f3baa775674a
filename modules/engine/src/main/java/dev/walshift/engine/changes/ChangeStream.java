package dev.walshift.engine.changes;

import dev.walshift.postgres.Lsn;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;

/**
 * The keys that committed transactions changed, in commit order, from where the slot was last confirmed. What was not confirmed
 * is delivered again by the next stream on the same slot.
 *
 * <p>One thread uses a stream.
 */
public interface ChangeStream extends AutoCloseable {

    /**
     * The next batch; returns early as soon as nothing more is pending.
     *
     * @param patience how long to wait for anything to come
     * @return empty if nothing came
     * @throws SQLException if the stream broke
     */
    Optional<ChangeBatch> poll(Duration patience) throws SQLException;

    /**
     * Lets the server forget the WAL before {@code durable}.
     *
     * @param durable at most the {@link ChangeBatch#end()} of a batch whose keys are durable
     */
    void confirm(Lsn durable) throws SQLException;

    @Override
    void close() throws SQLException;
}
