package dev.walshift.engine.pace;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How far behind the primary replicas replay, standbys and subscribers. What a replica was behind already when we came, such as one that is
 * delayed on purpose, is its own.
 */
final class ReplicaLag implements Signal {
    /** A replica that no longer answers tells the same time for ever, while the WAL that it has yet to replay grows. */
    private static final long MOST_BYTES = 1L << 30;

    /** So many times the limit is a hard one. */
    private static final int STILL_AT = 4;

    private static final SqlTemplate REPLICAS = SqlTemplate.of("""
        SELECT application_name, max(coalesce(extract(epoch FROM replay_lag), 0) * 1000)::bigint,
               max(coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0))::bigint
          FROM pg_stat_replication
         WHERE state IN ('streaming', 'catchup') AND application_name NOT LIKE 'walshift %'
         GROUP BY application_name
        """);

    private final Duration most;
    private final Optional<List<String>> chosen;
    private final Map<String, Replica> before = new HashMap<>();

    record Replica(String name, long millis, long bytes) {}

    /**
     * @param most time that a replica may be behind
     * @param chosen replicas that must be connected; empty for all that are
     */
    ReplicaLag(Duration most, Optional<List<String>> chosen) {
        this.most = most;
        this.chosen = chosen;
    }

    @Override
    public Reading measure(Session session, Tolerance tolerance) throws SQLException {
        return judge(session.query(REPLICAS, row -> new Replica(row.getString(1), row.getLong(2), row.getLong(3))));
    }

    Reading judge(List<Replica> connected) {
        List<Reading> readings = new ArrayList<>();
        for (Replica replica : connected) {
            if (chosen.map(names -> names.contains(replica.name())).orElse(true)) {
                readings.add(judge(replica, before.computeIfAbsent(replica.name(), name -> replica)));
            }
        }
        List<String> names = connected.stream().map(Replica::name).toList();
        chosen.orElse(List.of()).stream()
                .filter(name -> !names.contains(name))
                .findFirst()
                .ifPresent(name -> readings.add(Reading.unknown("replica %s is not connected".formatted(name))));
        return Reading.worst(readings);
    }

    private Reading judge(Replica replica, Replica first) {
        double part = Math.max(
                (double) (replica.millis() - first.millis()) / most.toMillis(),
                (double) (replica.bytes() - first.bytes()) / MOST_BYTES);
        String reason = "replica %s is %s and %s of WAL behind"
                .formatted(
                        replica.name(), Units.time(Duration.ofMillis(replica.millis())), Units.bytes(replica.bytes()));
        if (part > STILL_AT) {
            return Reading.still(reason);
        }
        return part > 1 ? Reading.slow(reason) : Reading.FINE;
    }
}
