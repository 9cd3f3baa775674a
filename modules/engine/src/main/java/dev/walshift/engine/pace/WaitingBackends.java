package dev.walshift.engine.pace;

import dev.walshift.engine.StopSignal;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/** Backends of others that would work if they need not wait for the disk or for locks, on the rows or within the server. */
final class WaitingBackends implements Signal {
    private static final int REMEMBERED = 6;
    private static final int CALIBRATING_LOOKS = 5;

    private static final SqlTemplate WAITING = SqlTemplate.of("""
        SELECT count(*)
          FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid()
           AND wait_event_type IN ('IO', 'Lock', 'LWLock', 'BufferPin') AND application_name NOT LIKE 'walshift %'
        """);

    private final Deque<Long> latest = new ArrayDeque<>();
    private long without;

    @Override
    public void calibrate(Session session, StopSignal stop) throws SQLException {
        long most = 0;
        for (int look = 0; look < CALIBRATING_LOOKS; look++) {
            most = Math.max(most, look(session));
        }
        calibrated(most);
    }

    /** @param most that waited at a time without us */
    void calibrated(long most) {
        without = most;
        latest.clear();
    }

    @Override
    public Reading measure(Session session, Tolerance tolerance) throws SQLException {
        return judge(look(session), tolerance);
    }

    private static long look(Session session) throws SQLException {
        return session.queryOne(WAITING, row -> row.getLong(1));
    }

    /** By what holds for some time: a crowd that comes and goes is the application's own business. */
    Reading judge(long waiting, Tolerance tolerance) {
        latest.add(waiting);
        if (latest.size() > REMEMBERED) {
            latest.removeFirst();
        }
        long always = Collections.min(List.copyOf(latest));
        return latest.size() == REMEMBERED && always > without + tolerance.waitingMore()
                ? Reading.slow("%d backends wait for the disk or for locks, and %d without walshift"
                        .formatted(waiting, without))
                : Reading.FINE;
    }
}
