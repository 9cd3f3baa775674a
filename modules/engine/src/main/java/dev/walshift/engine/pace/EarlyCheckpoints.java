package dev.walshift.engine.pace;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/** Checkpoints that come before their time, because much WAL was written: after each one, every page that is changed goes into the WAL whole. */
final class EarlyCheckpoints implements Signal {
    /** What the server itself warns of (checkpoint_warning). */
    private static final Duration TOO_OFTEN = Duration.ofSeconds(30);

    private static final int MOVED_IN = 17;
    private static final SqlTemplate REQUESTED = SqlTemplate.of("SELECT num_requested FROM pg_stat_checkpointer");
    private static final SqlTemplate REQUESTED_BEFORE = SqlTemplate.of("SELECT checkpoints_req FROM pg_stat_bgwriter");

    private final LongSupplier nanoTime;
    private final Deque<Long> seen = new ArrayDeque<>();
    private OptionalLong counted = OptionalLong.empty();

    /** @param nanoTime a clock like {@link System#nanoTime} */
    EarlyCheckpoints(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    @Override
    public Reading measure(Session session, Tolerance tolerance) throws SQLException {
        SqlTemplate statement = session.serverMajor() >= MOVED_IN ? REQUESTED : REQUESTED_BEFORE;
        Reading reading = judge(session.queryOne(statement, row -> row.getLong(1)));
        return tolerance.checkpoints() ? reading : Reading.FINE;
    }

    /** @param requested since the statistics were reset */
    Reading judge(long requested) {
        long now = nanoTime.getAsLong();
        for (long more = requested - counted.orElse(requested); more > 0; more--) {
            seen.add(now);
        }
        counted = OptionalLong.of(requested);
        while (!seen.isEmpty() && now - seen.getFirst() > TOO_OFTEN.toNanos()) {
            seen.removeFirst();
        }
        return seen.size() < 2
                ? Reading.FINE
                : Reading.slow("%d checkpoints were requested within %s, see max_wal_size"
                        .formatted(seen.size(), Units.time(TOO_OFTEN)));
    }
}
