package dev.walshift.engine.plan;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.List;

/**
 * Tells which tables others lock so that not even their definition can be read. The server does not say which lock was waited for in vain, and
 * it need not be the table's that is migrated: a view of it may read another one.
 */
final class LockedTables {
    /** What keeps ACCESS SHARE out, or makes it queue. */
    private static final SqlTemplate LOCKED = SqlTemplate.of("""
        SELECT format('%I.%I (%s)', n.nspname, c.relname,
                      string_agg(DISTINCT COALESCE('pid ' || l.pid, 'a prepared transaction'), ', ')) AS locked
          FROM pg_locks l
          JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname NOT LIKE 'pg\\_%'
         WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         GROUP BY n.nspname, c.relname
         ORDER BY locked
         LIMIT 10
        """);

    private LockedTables() {}

    /**
     * The failure of a plan, with what is locked now.
     *
     * @param session a fresh one
     * @param cause LOCK_NOT_AVAILABLE
     */
    static MigrationException failure(Session session, SQLException cause) throws SQLException {
        List<String> locked = session.query(LOCKED, row -> row.getString("locked"));
        return new MigrationException(
                ProblemCode.LOCK_NOT_GRANTED,
                "a lock that the plan needs was not granted in time: "
                        + (locked.isEmpty()
                                ? "by now nobody keeps ACCESS EXCLUSIVE on any table"
                                : "others have, or wait for, ACCESS EXCLUSIVE on " + String.join(", ", locked)),
                "Nothing was changed. Try again when they are done",
                cause);
    }
}
