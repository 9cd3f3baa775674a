package dev.walshift.engine.rules;

import dev.walshift.engine.changes.ChangeBatch;
import dev.walshift.engine.changes.ChangeStream;
import dev.walshift.postgres.Lsn;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A real stream that delivers nothing while it is shut, as it is at first: as slow as a walsender may be. */
final class GatedStream implements ChangeStream {
    private final ChangeStream stream;
    private CountDownLatch gate = new CountDownLatch(1);

    GatedStream(ChangeStream stream) {
        this.stream = stream;
    }

    /** Any thread. */
    synchronized void open() {
        gate.countDown();
    }

    /** Any thread; a poll that has begun may still deliver something. */
    synchronized void shut() {
        gate = new CountDownLatch(1);
    }

    private synchronized CountDownLatch gate() {
        return gate;
    }

    @Override
    public Optional<ChangeBatch> poll(Duration patience) throws SQLException {
        try {
            return gate().await(patience.toNanos(), TimeUnit.NANOSECONDS) ? stream.poll(patience) : Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    @Override
    public void confirm(Lsn durable) throws SQLException {
        stream.confirm(durable);
    }

    @Override
    public void close() throws SQLException {
        stream.close();
    }
}
