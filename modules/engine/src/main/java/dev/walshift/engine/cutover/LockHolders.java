package dev.walshift.engine.cutover;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.Xid;
import java.sql.SQLException;
import java.util.List;

/**
 * Names the sessions in the way, for people: pid, user, application, state, since when. Never their query's text, which may hold data, but
 * for what an autovacuum worker writes there: whether it may be ended.
 */
final class LockHolders {
    /** A prepared transaction has no pid, and keeps the virtual id of the session it came from; what ties it to its name is its own xid. */
    private static final SqlTemplate HOLDERS = SqlTemplate.of("""
        SELECT format('pid %s (%s, %s, %s, since %s s)', a.pid, coalesce(a.usename, a.backend_type, '?'),
                      CASE WHEN a.query LIKE 'autovacuum: %' THEN a.query ELSE coalesce(nullif(a.application_name, ''), '?') END,
                      coalesce(a.state, '?'), extract(epoch FROM now() - coalesce(a.xact_start, a.backend_start))::int)
          FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'relation' AND l.relation = to_regclass(?) AND l.granted AND l.pid <> pg_backend_pid()
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        UNION ALL
        SELECT format('prepared transaction %L (%s, since %s s)', p.gid, p.owner, extract(epoch FROM now() - p.prepared)::int)
          FROM pg_locks l
               JOIN pg_locks x ON x.virtualtransaction = l.virtualtransaction AND x.locktype = 'transactionid' AND x.pid IS NULL
               JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
         WHERE l.locktype = 'relation' AND l.relation = to_regclass(?) AND l.granted AND l.pid IS NULL
           AND p.database = current_database()
         LIMIT 10
        """);

    private static final SqlTemplate OLDER_SNAPSHOTS = SqlTemplate.of("""
        SELECT format('pid %s (%s, %s, %s, since %s s)', pid, usename, coalesce(nullif(application_name, ''), '?'),
                      coalesce(state, backend_type), extract(epoch FROM now() - coalesce(xact_start, backend_start))::int)
          FROM pg_stat_activity
         WHERE backend_xmin IS NOT NULL
           AND age(backend_xmin) >= age(?::xid8::xid)
           AND datname = current_database()
           AND coalesce(backend_type, 'client backend') = 'client backend'
           AND pid <> pg_backend_pid()
           AND (state IS NULL OR state LIKE 'idle in transaction%' OR xact_start < query_start)
           AND NOT (wait_event_type IS NOT DISTINCT FROM 'Lock' AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))
         LIMIT 10
        """);

    private LockHolders() {}

    static List<String> of(Session session, QualifiedName relation) throws SQLException {
        return session.query(HOLDERS, row -> row.getString(1), relation.sql(), relation.sql());
    }

    /** Sessions whose snapshot may not see what {@code writer} wrote. */
    static List<String> withSnapshotsOlderThan(Session session, Xid writer) throws SQLException {
        return session.query(OLDER_SNAPSHOTS, row -> row.getString(1), writer);
    }
}
