package dev.walshift.engine.plan;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.dependents.Roles;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** Whether a table is of the kind that walshift can change, and ours to change. */
final class TableChecks {
    private static final SqlTemplate LOOK = SqlTemplate.of("""
        SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind, c.relpersistence, c.relispartition,
               c.reloftype <> 0 AS typed, m.amname,
               c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) AS is_parent,
               EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) AS is_child,
               n.nspname LIKE 'pg\\_%' OR n.nspname = 'information_schema' AS is_system,
               n.nspname = 'walshift' OR n.nspname LIKE 'walshift\\_%' AS is_ours,
               (SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                 WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
                   AND d.refclassid = 'pg_extension'::regclass) AS extension,
               {ours} AS is_owner,
               has_schema_privilege(n.oid, 'CREATE') AS can_create, n.nspname, current_user AS role,
               pg_get_userbyid(c.relowner) AS owner
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_am m ON m.oid = c.relam
         WHERE c.oid = ?::oid
        """);

    private final Session session;
    private final Findings findings;

    TableChecks(Session session, Findings findings) {
        this.session = session;
        this.findings = findings;
    }

    /**
     * What was found.
     *
     * @param plain whether it is a plain table, or a partitioned one
     * @param ours whether we may act as its owner
     */
    record Verdict(boolean plain, boolean ours) {}

    /** Looks at the table. */
    Verdict check(long oid) throws SQLException {
        Optional<Verdict> verdict =
                session.queryFirst(LOOK.with("ours", Roles.mayBecome("c.relowner")), this::judge, oid);
        if (verdict.isEmpty()) {
            findings.problem(
                    ProblemCode.TABLE_NOT_FOUND,
                    "the table was dropped while it was looked at",
                    "Plan again if there is a new one");
            return new Verdict(false, false);
        }
        new MarkChecks(session, findings).check(oid);
        return verdict.get();
    }

    private Verdict judge(ResultSet row) throws SQLException {
        boolean ours = judgePrivileges(row);
        String extension = row.getString("extension");
        if (extension != null) {
            findings.shadowProblem(
                    ProblemCode.UNSUPPORTED_TABLE,
                    "table %s belongs to extension %s".formatted(row.getString("name"), extension),
                    "Change it by the extension's own update");
        }
        return new Verdict(judgeKind(row), ours);
    }

    /** Returns whether we may act as the owner. */
    private boolean judgePrivileges(ResultSet row) throws SQLException {
        Identifier role = new Identifier(row.getString("role"));
        boolean ours = row.getBoolean("is_owner");
        if (!ours) {
            Identifier owner = new Identifier(row.getString("owner"));
            findings.problem(
                    ProblemCode.MISSING_PRIVILEGE,
                    "role %s does not own table %s".formatted(role, row.getString("name")),
                    "GRANT %s TO %s".formatted(owner.sql(), role.sql()));
        }
        if (!row.getBoolean("can_create")) {
            Identifier schema = new Identifier(row.getString("nspname"));
            findings.shadowProblem(
                    ProblemCode.MISSING_PRIVILEGE,
                    "role %s may not create tables in schema %s".formatted(role, schema),
                    "GRANT CREATE ON SCHEMA %s TO %s".formatted(schema.sql(), role.sql()));
        }
        return ours;
    }

    private boolean judgeKind(ResultSet row) throws SQLException {
        String obstacle = obstacle(row);
        if (obstacle.isEmpty()) {
            return true;
        }
        findings.problem(
                ProblemCode.UNSUPPORTED_TABLE,
                "%s is %s".formatted(row.getString("name"), obstacle),
                "walshift changes plain, permanent heap tables");
        return false;
    }

    private static String obstacle(ResultSet row) throws SQLException {
        String kind = kind(row.getString("relkind"));
        if (!kind.isEmpty()) {
            return kind;
        }
        if (row.getBoolean("is_system")) {
            return "a system catalog or a temporary table";
        }
        if (row.getBoolean("is_ours")) {
            return "a table of walshift's own";
        }
        if (!"p".equals(row.getString("relpersistence"))) {
            return "t".equals(row.getString("relpersistence")) ? "a temporary table" : "unlogged";
        }
        if (row.getBoolean("is_parent") || (row.getBoolean("is_child") && !row.getBoolean("relispartition"))) {
            return "a parent or child by inheritance";
        }
        if (row.getBoolean("typed")) {
            return "a typed table (OF type)";
        }
        if ("p".equals(row.getString("relkind"))) {
            return row.getBoolean("relispartition") ? "a partition that is partitioned itself" : "";
        }
        return "heap".equals(row.getString("amname")) ? "" : "stored by access method " + row.getString("amname");
    }

    private static String kind(String relkind) {
        return switch (relkind) {
            case "r", "p" -> "";
            case "v" -> "a view";
            case "m" -> "a materialized view";
            case "f" -> "a foreign table";
            case "S" -> "a sequence";
            case "i", "I" -> "an index";
            case "c" -> "a composite type";
            default -> "not a table";
        };
    }
}
