package dev.walshift.engine.cutover;

import dev.walshift.engine.StopSignal;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cancels whatever a session runs when its time is over. statement_timeout bounds each statement and not their sum, transaction_timeout does but
 * came with PostgreSQL 17.
 */
final class Deadline implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Deadline.class);

    private final StopSignal met = new StopSignal();
    private final Thread thread;

    private Deadline(Session session, Duration time) {
        this.thread = Thread.ofPlatform().name("walshift-deadline").unstarted(() -> cancelAfter(session, time));
    }

    static Deadline start(Session session, Duration time) {
        Deadline deadline = new Deadline(session, time);
        deadline.thread.start();
        return deadline;
    }

    private void cancelAfter(Session session, Duration time) {
        if (!met.await(time)) {
            try {
                session.cancel();
            } catch (SQLException e) {
                // The server's own timeouts end it then, each a little later.
                log.warn("the cutover could not be cancelled in time: {}", e.getMessage());
            }
        }
    }

    /** What had to be done is done; returns when no cancel can come any more. */
    @Override
    public void close() {
        met.raise();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
