package dev.walshift.engine.pace;

import dev.walshift.engine.StopSignal;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/**
 * How long a commit takes that does next to nothing, with synchronous_commit as the application has it: what disk, WAL, standbys and CPU
 * make every writer wait. Compared with what it takes while we rest, so that a server that is busy by itself is not taken for slowed by us.
 */
final class CanaryCommit implements Signal {
    /** A transaction that has something to flush, and changes nothing; the stream's reader passes over it. */
    private static final SqlTemplate MESSAGE =
            SqlTemplate.of("SELECT pg_logical_emit_message(true, 'walshift pace', '')");

    private static final SqlTemplate AS_THE_APPLICATION = SqlTemplate.of("SET LOCAL synchronous_commit TO DEFAULT");

    private static final int COMMITS = 5;
    private static final int CALIBRATING_COMMITS = 15;

    /** Two measurements' worth. */
    private static final int REMEMBERED = 2 * COMMITS;

    /** Slow commits are few: each of them tells enough. */
    private static final Duration LONG_ENOUGH = Duration.ofMillis(250);

    /** It waits for something that is not there, such as a synchronous standby, and not for us. */
    private static final Duration HANGS = Duration.ofSeconds(3);

    private final Deque<Long> latest = new ArrayDeque<>();
    private long without = Long.MAX_VALUE;

    /** What a commit takes without us, as far as is known. */
    Duration without() {
        return Duration.ofNanos(without);
    }

    @Override
    public void calibrate(Session session, StopSignal stop) throws SQLException {
        List<Long> took = commits(session, CALIBRATING_COMMITS);
        without = median(took);
        latest.clear();
    }

    @Override
    public Reading measure(Session session, Tolerance tolerance) throws SQLException {
        latest.addAll(commits(session, COMMITS));
        while (latest.size() > REMEMBERED) {
            latest.removeFirst();
        }
        return judge(median(List.copyOf(latest)), tolerance);
    }

    /** @param nanos that a commit takes now */
    Reading judge(long nanos, Tolerance tolerance) {
        // Whoever is quicker beside us than without us was slowed by something else then.
        without = Math.min(without, nanos);
        String reason =
                "a commit takes %s, and %s without walshift".formatted(milliseconds(nanos), milliseconds(without));
        if (nanos >= HANGS.toNanos()) {
            if (without >= HANGS.toNanos()) {
                return Reading.FINE;
            }
            return Reading.unknown("a commit does not end within %s".formatted(Units.time(HANGS)));
        }
        if (nanos > tolerance.commitMost().toNanos()) {
            return Reading.still(reason);
        }
        double allowed =
                without * tolerance.commitFactor() + tolerance.commitMargin().toNanos();
        return nanos > allowed ? Reading.slow(reason) : Reading.FINE;
    }

    private static List<Long> commits(Session session, int most) throws SQLException {
        List<Long> took = new ArrayList<>();
        long sum = 0;
        while (took.size() < most && sum < LONG_ENOUGH.toNanos()) {
            long nanos = commit(session);
            took.add(nanos);
            sum += nanos;
        }
        return took;
    }

    private static long commit(Session session) throws SQLException {
        long[] began = new long[1];
        boolean unused = session.inTransaction(Isolation.READ_COMMITTED, tx -> {
            tx.execute(AS_THE_APPLICATION);
            List<Integer> none = tx.query(MESSAGE, row -> 1);
            began[0] = System.nanoTime();
            return none.isEmpty();
        });
        return System.nanoTime() - began[0];
    }

    private static long median(List<Long> nanos) {
        return nanos.stream().sorted().toList().get(nanos.size() / 2);
    }

    private static String milliseconds(long nanos) {
        return String.format(Locale.ROOT, nanos < 10_000_000 ? "%.1f ms" : "%.0f ms", nanos / 1e6);
    }
}
