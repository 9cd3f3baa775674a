package dev.walshift.engine.migration;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How long transactions of this migration have held back the server's xmin horizon. Counted by our own clock from when each was first
 * seen: the server's may be set while we run.
 *
 * <p>One thread.
 */
final class HeldSnapshots {
    /**
     * Ours are those that lock a table of ours, or wait for that: an application_name alone may be that of another migration. A VACUUM's xmin holds nothing
     * back (PROC_IN_VACUUM).
     */
    private static final SqlTemplate HOLDERS = SqlTemplate.of("""
        SELECT a.pid, a.xact_start::text, a.application_name
          FROM pg_stat_activity a
         WHERE a.datname = current_database() AND a.application_name LIKE 'walshift %' AND a.pid <> pg_backend_pid()
           AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
           AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum v WHERE v.pid = a.pid)
           AND EXISTS (SELECT FROM pg_locks l
                        WHERE l.pid = a.pid AND l.locktype = 'relation'
                          AND (l.relation = {source} OR l.relation IN (SELECT to_regclass(name) FROM unnest({own}) AS name)))
        """);

    private final SqlTemplate holders;
    private Map<Transaction, Long> seen = Map.of();

    private record Transaction(int pid, String began, String application) {}

    /**
     * A transaction that holds back the horizon.
     *
     * @param time since it was first seen
     */
    record Held(int pid, String application, Duration time) {}

    HeldSnapshots(Blueprint table) {
        holders = HOLDERS.with(
                        "source", new SqlText(Long.toString(table.source().oid())))
                .with("own", ownTables(table));
    }

    private static SqlPart ownTables(Blueprint table) {
        SqlTemplate array = SqlTemplate.of("ARRAY[{names}]");
        return array.with(
                "names",
                SqlText.list(table.ownTables().stream()
                        .map(name -> SqlText.literal(name.sql()))
                        .toList()));
    }

    /** The one that is held for longest. */
    Optional<Held> oldest(Session session) throws SQLException {
        List<Transaction> found = session.query(
                holders, row -> new Transaction(row.getInt(1), String.valueOf(row.getString(2)), row.getString(3)));
        long now = System.nanoTime();
        Map<Transaction, Long> still = new HashMap<>();
        found.forEach(transaction -> still.put(transaction, seen.getOrDefault(transaction, now)));
        seen = still;
        return still.entrySet().stream()
                .map(entry -> new Held(
                        entry.getKey().pid(), entry.getKey().application(), Duration.ofNanos(now - entry.getValue())))
                .max(Comparator.comparing(Held::time));
    }
}
