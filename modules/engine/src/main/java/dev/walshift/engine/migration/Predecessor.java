package dev.walshift.engine.migration;

import dev.walshift.engine.StopSignal;
import dev.walshift.engine.StoppedException;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/**
 * What a process of the same migration that was killed, or cut off, left running on the server: its walsender holds the slot for up to
 * wal_sender_timeout, an index build goes on for as long as it takes. Whoever has the migration's lock is the only one who may work on it, so all
 * of that is in the way and of no use.
 */
final class Predecessor {
    /** More than the server takes to notice by itself that a client of ours is gone. */
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private static final Duration POLL = Duration.ofMillis(100);

    private static final SqlTemplate LEFT = SqlTemplate.of("""
        SELECT a.pid
          FROM pg_stat_activity a
         WHERE a.pid <> pg_backend_pid() AND a.application_name LIKE 'walshift %'
           AND a.datname = current_database()
           AND (EXISTS (SELECT FROM pg_replication_slots s WHERE s.active_pid = a.pid AND s.slot_name = ?)
                OR EXISTS (SELECT FROM pg_locks l
                            WHERE l.pid = a.pid AND l.locktype = 'relation'
                              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                              AND l.relation IN (SELECT to_regclass(name) FROM unnest(?::text[]) AS name)))
        """);

    private static final SqlTemplate TERMINATE = SqlTemplate.of("SELECT pg_terminate_backend(?)");

    private Predecessor() {}

    /**
     * Ends it, and waits until it is gone; what still is there after a while, or belongs to another role, is left for others to find in the way.
     *
     * @param session that has the migration's lock; the only one of this process
     */
    static void end(Session session, SlotName slot, List<Blueprint> tables, StopSignal stop) throws SQLException {
        String[] relations = tables.stream()
                .flatMap(table -> table.ownTables().stream())
                .map(QualifiedName::sql)
                .toArray(String[]::new);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        List<Integer> left = left(session, slot, relations);
        for (int pid : left) {
            terminate(session, pid);
        }
        while (!left.isEmpty() && System.nanoTime() < deadline) {
            if (stop.await(POLL)) {
                throw new StoppedException();
            }
            left = left(session, slot, relations);
        }
    }

    private static List<Integer> left(Session session, SlotName slot, String[] relations) throws SQLException {
        return session.query(LEFT, row -> row.getInt(1), slot.slot(), relations);
    }

    private static void terminate(Session session, int pid) throws SQLException {
        try {
            session.query(TERMINATE, row -> row.getBoolean(1), pid);
        } catch (SQLException e) {
            // Another role's, which then ends by itself when the server notices that its client is gone.
            if (!SqlStates.is(e, SqlStates.INSUFFICIENT_PRIVILEGE)) {
                throw e;
            }
        }
    }
}
