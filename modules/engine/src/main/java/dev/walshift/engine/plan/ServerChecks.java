package dev.walshift.engine.plan;

import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Whether this server and this role can run a migration at all. */
final class ServerChecks {
    private static final int OLDEST_MAJOR = 14;

    /** Managed services that give no REPLICATION attribute have a role in its place. */
    private static final SqlTemplate LOOK = SqlTemplate.of("""
        SELECT pg_is_in_recovery() AS recovering, current_setting('wal_level') AS wal_level,
               current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots) AS free_slots,
               current_setting('max_wal_senders')::int
               - (SELECT count(*) FROM pg_stat_get_activity(NULL) AS a WHERE a.backend_type = 'walsender') AS free_senders,
               r.rolreplication OR r.rolsuper
               OR EXISTS (SELECT FROM pg_roles AS m
                           WHERE m.rolname = 'rds_replication' AND pg_has_role(m.oid, 'MEMBER')) AS replication,
               has_database_privilege(current_database(), 'CREATE') AS can_create,
               has_database_privilege(current_database(), 'TEMP') AS can_temp,
               current_database() AS database, current_user AS role, getdatabaseencoding() AS encoding,
               current_setting('synchronous_standby_names') AS synchronous
          FROM pg_roles r
         WHERE r.rolname = current_user
        """);

    private final Session session;
    private final Findings findings;
    private boolean writable;

    ServerChecks(Session session, Findings findings) {
        this.session = session;
        this.findings = findings;
    }

    /** Looks. Returns whether a probe clone can be created. */
    boolean check() throws SQLException {
        int major = session.serverMajor();
        if (major < OLDEST_MAJOR) {
            findings.problem(
                    ProblemCode.UNSUPPORTED_SERVER,
                    "the server is PostgreSQL %d".formatted(major),
                    "walshift works with PostgreSQL %d and later".formatted(OLDEST_MAJOR));
            return false;
        }
        writable = session.queryOne(LOOK, this::judge);
        return writable;
    }

    private boolean judge(ResultSet row) throws SQLException {
        boolean recovering = row.getBoolean("recovering");
        if (recovering) {
            findings.problem(ProblemCode.UNSUPPORTED_SERVER, "the server is a standby", "Connect to the primary");
        }
        judgeSettings(row);
        judgePrivileges(row);
        return !recovering && row.getBoolean("can_create");
    }

    private void judgeSettings(ResultSet row) throws SQLException {
        if (!"logical".equals(row.getString("wal_level"))) {
            findings.shadowProblem(
                    ProblemCode.SERVER_SETTING,
                    "wal_level is %s".formatted(row.getString("wal_level")),
                    "ALTER SYSTEM SET wal_level = 'logical', then restart the server");
        }
        if (row.getString("synchronous").contains("*")) {
            findings.shadowProblem(
                    ProblemCode.SERVER_SETTING,
                    "synchronous_standby_names is %s, so walshift's own change stream would count as a synchronous standby"
                            .formatted(row.getString("synchronous")),
                    "Name the standbys in synchronous_standby_names instead of *");
        }
        if ("SQL_ASCII".equals(row.getString("encoding"))) {
            findings.shadowProblem(
                    ProblemCode.SERVER_SETTING,
                    "the database's encoding is SQL_ASCII, so its text may be in any encoding and can't pass through a"
                            + " client",
                    "Dump the database and restore it into one whose encoding is UTF8");
        }
        if (row.getInt("free_slots") < 1) {
            findings.shadowProblem(
                    ProblemCode.SERVER_SETTING,
                    "no replication slot is free",
                    "Drop one that is no longer needed (pg_replication_slots), or raise max_replication_slots and"
                            + " restart");
        }
        if (row.getInt("free_senders") < 1) {
            findings.shadowProblem(
                    ProblemCode.SERVER_SETTING,
                    "no WAL sender is free",
                    "Raise max_wal_senders above the number of standbys and subscribers, and restart");
        }
    }

    private void judgePrivileges(ResultSet row) throws SQLException {
        Identifier role = new Identifier(row.getString("role"));
        Identifier database = new Identifier(row.getString("database"));
        if (!row.getBoolean("replication")) {
            findings.shadowProblem(
                    ProblemCode.MISSING_PRIVILEGE,
                    "role %s may not use replication".formatted(role),
                    "ALTER ROLE %s REPLICATION (on Amazon RDS: GRANT rds_replication TO %s)"
                            .formatted(role.sql(), role.sql()));
        }
        if (!row.getBoolean("can_create")) {
            findings.problem(
                    ProblemCode.MISSING_PRIVILEGE,
                    "role %s may not create schemas and publications in database %s".formatted(role, database),
                    "GRANT CREATE ON DATABASE %s TO %s".formatted(database.sql(), role.sql()));
        }
        if (!row.getBoolean("can_temp")) {
            findings.shadowProblem(
                    ProblemCode.MISSING_PRIVILEGE,
                    "role %s may not create temporary tables in database %s".formatted(role, database),
                    "GRANT TEMPORARY ON DATABASE %s TO %s".formatted(database.sql(), role.sql()));
        }
    }
}
