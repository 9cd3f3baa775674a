package dev.walshift.engine.pace;

import dev.walshift.engine.StopSignal;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * How many transactions a second write, compared with those while we rest: what an application notices that always has something to do, also
 * where we take the processors from it and the disk has nothing to do with it. Counted by the xids that were drawn; ours are few.
 */
final class WriteRate implements Signal {
    private static final SqlTemplate NEXT_XID =
            SqlTemplate.of("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint");

    private static final Duration CALIBRATES_FOR = Duration.ofMillis(500);
    private static final int REMEMBERED = 3;

    /** Below this it is mostly we ourselves. */
    private static final double LEAST_PER_SECOND = 100;

    /** As often as others come by chance, so many standard deviations fewer are no sign of anything. */
    private static final double DEVIATIONS = 2;

    private final Deque<Count> latest = new ArrayDeque<>();
    private Optional<Count> before = Optional.empty();
    private double without;

    /** Transactions up to an instant, or within so many nanoseconds. */
    record Count(long transactions, long nanos) {
        Count since(Count earlier) {
            return new Count(transactions - earlier.transactions, nanos - earlier.nanos);
        }

        double perSecond() {
            return transactions * 1e9 / nanos;
        }
    }

    private static Count count(Session session) throws SQLException {
        long next = session.queryOne(NEXT_XID, row -> row.getLong(1));
        return new Count(next, System.nanoTime());
    }

    @Override
    public void calibrate(Session session, StopSignal stop) throws SQLException {
        Count began = count(session);
        boolean unused = stop.await(CALIBRATES_FOR);
        Count ended = count(session);
        calibrated(ended.since(began));
        before = Optional.of(ended);
    }

    void calibrated(Count rested) {
        without = rested.perSecond();
        latest.clear();
    }

    @Override
    public Reading measure(Session session, Tolerance tolerance) throws SQLException {
        Count now = count(session);
        Optional<Count> last = before;
        before = Optional.of(now);
        return last.isPresent() ? judge(now.since(last.get()), tolerance) : Reading.FINE;
    }

    /** @param more since the last look */
    Reading judge(Count more, Tolerance tolerance) {
        latest.add(more);
        if (latest.size() > REMEMBERED) {
            latest.removeFirst();
        }
        if (latest.size() < REMEMBERED) {
            return Reading.FINE;
        }
        long transactions = latest.stream().mapToLong(Count::transactions).sum();
        long nanos = latest.stream().mapToLong(Count::nanos).sum();
        double now = transactions * 1e9 / nanos;
        // Whoever writes more beside us than without us had less to do then.
        without = Math.max(without, now);
        double expected = without * nanos / 1e9;
        double enough = expected * tolerance.writeRate() - DEVIATIONS * Math.sqrt(expected);
        return without >= LEAST_PER_SECOND && transactions < enough
                ? Reading.slow("%.0f transactions a second write, and %.0f without walshift".formatted(now, without))
                : Reading.FINE;
    }
}
