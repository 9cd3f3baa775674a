package dev.walshift.engine.changes;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;

/** The migration's logical replication slot on the server. */
public final class ReplicationSlot {
    /**
     * By function, not by replication command: that one would export a snapshot of all running transactions, which fails on servers
     * with many ("initial slot snapshot too large"), and we need none.
     */
    private static final SqlTemplate CREATE =
            SqlTemplate.of("SELECT pg_create_logical_replication_slot(?, 'pgoutput')");

    private static final SqlTemplate CREATE_FAILOVER =
            SqlTemplate.of("SELECT pg_create_logical_replication_slot(?, 'pgoutput', failover => true)");

    /** From 17 on; the settings and the column are unknown to older servers. */
    private static final SqlTemplate FAILOVER_IN_USE = SqlTemplate.of("""
        SELECT coalesce(current_setting('synchronized_standby_slots', true), '') <> ''
               OR coalesce(current_setting('sync_replication_slots', true), 'off') = 'on'
               OR EXISTS (SELECT FROM pg_replication_slots AS s WHERE to_jsonb(s) ->> 'failover' = 'true')
        """);

    private static final SqlTemplate STATE = SqlTemplate.of("""
        SELECT active, wal_status, confirmed_flush_lsn, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint
          FROM pg_replication_slots
         WHERE slot_name = ?
        """);

    /** From PostgreSQL 16 on, for superusers and whom they allow it. */
    private static final SqlTemplate MAY_HASTEN = SqlTemplate.of("""
        SELECT has_function_privilege(oid, 'EXECUTE')
          FROM pg_proc
         WHERE proname = 'pg_log_standby_snapshot' AND pronamespace = 'pg_catalog'::regnamespace
        """);

    private static final SqlTemplate HASTEN = SqlTemplate.of("SELECT pg_log_standby_snapshot()::text");
    private static final SqlTemplate DROP = SqlTemplate.of("SELECT pg_drop_replication_slot(?)");
    private static final SqlTemplate DISCONNECT = SqlTemplate.of("""
        SELECT pg_terminate_backend(active_pid)
          FROM pg_replication_slots
         WHERE slot_name = ? AND active_pid IS NOT NULL
        """);

    private static final Duration RETRY = Duration.ofMillis(100);
    private static final int DROP_ATTEMPTS = 100;

    private ReplicationSlot() {}

    /**
     * How the slot stands.
     *
     * @param active whether a walsender uses it
     * @param lost whether the server removed WAL that it needs
     * @param confirmed up to where changes need not be sent again
     * @param lagBytes WAL that the server keeps for it
     */
    public record State(boolean active, boolean lost, Lsn confirmed, long lagBytes) {
        private static State read(ResultSet row) throws SQLException {
            String confirmed = row.getString(3);
            return new State(
                    row.getBoolean(1),
                    "lost".equals(row.getString(2)),
                    confirmed == null ? Lsn.ZERO : Lsn.parse(confirmed),
                    row.getLong(4));
        }
    }

    /**
     * Makes the slot. The server waits for every transaction that is running now to end first (snapbuild.c); the session's
     * statement_timeout bounds it.
     *
     * <p>A failover slot, which standbys keep up to date so that it is there after a promotion, where the server is set up for such slots
     * (PostgreSQL 17 and later, documentation, "Logical Replication Failover").
     */
    public static void create(Session session, SlotName name) throws SQLException {
        boolean failover = session.queryOne(FAILOVER_IN_USE, row -> row.getBoolean(1));
        String unused = session.queryOne(failover ? CREATE_FAILOVER : CREATE, row -> row.getString(1), name.slot());
    }

    /** Empty if there is no such slot. */
    public static Optional<State> state(Session session, SlotName name) throws SQLException {
        return session.queryFirst(STATE, State::read, name.slot());
    }

    /**
     * Makes the slot move on soon, if we may: restart_lsn moves when the server's decoder reads a record of running transactions
     * (snapbuild.c, SnapBuildProcessRunningXacts), which is otherwise written every 15 s.
     */
    public static void hasten(Session session) throws SQLException {
        if (session.queryFirst(MAY_HASTEN, row -> row.getBoolean(1)).orElse(false)) {
            String unused = session.queryOne(HASTEN, row -> row.getString(1));
        }
    }

    /**
     * Drops the slot if it exists, and never one that is in use.
     *
     * @throws SQLException OBJECT_IN_USE if it is
     */
    public static void dropUnused(Session session, SlotName name) throws SQLException {
        try {
            session.queryFirst(DROP, row -> true, name.slot());
        } catch (SQLException e) {
            if (!SqlStates.is(e, SqlStates.UNDEFINED_OBJECT)) {
                throw e;
            }
        }
    }

    /**
     * Drops the slot if it exists; ends its walsender, whose client may already be gone, first.
     *
     * @throws MigrationException if it stays in use
     */
    public static void drop(Session session, SlotName name) throws SQLException {
        StopSignal never = new StopSignal();
        for (int attempt = 0; attempt < DROP_ATTEMPTS; attempt++) {
            try {
                session.queryFirst(DISCONNECT, row -> row.getBoolean(1), name.slot());
                dropUnused(session, name);
                return;
            } catch (SQLException e) {
                if (!SqlStates.is(e, SqlStates.OBJECT_IN_USE)) {
                    throw e;
                }
                never.await(RETRY);
            }
        }
        throw new MigrationException(
                ProblemCode.BUSY,
                "replication slot %s stays in use and was not dropped".formatted(name.slot()),
                "It keeps WAL on the server. Find its user in pg_replication_slots.active_pid, end it, and SELECT pg_drop_replication_slot('%s')."
                        .formatted(name.slot()));
    }
}
