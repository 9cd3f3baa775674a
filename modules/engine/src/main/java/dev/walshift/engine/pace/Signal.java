package dev.walshift.engine.pace;

import dev.walshift.engine.StopSignal;
import dev.walshift.postgres.Session;
import java.sql.SQLException;

/** Something that tells how the server, its replicas or the application fare. Measured by one thread, about twice a second. */
interface Signal {
    /** Takes notice of how things are while no worker of ours works, for later readings to be compared with. */
    default void calibrate(Session session, StopSignal stop) throws SQLException {}

    /**
     * How things are now.
     *
     * @throws SQLException if it can't be told
     */
    Reading measure(Session session, Tolerance tolerance) throws SQLException;
}
