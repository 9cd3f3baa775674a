package dev.walshift.engine.plan;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.dependents.Roles;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** Whether a table's extended statistics, which may have another owner and another schema than the table, are ours to move. */
final class StatisticsChecks {
    private static final SqlTemplate LOOK = SqlTemplate.of("""
        SELECT format('%I.%I', n.nspname, s.stxname) AS name, n.nspname, pg_get_userbyid(s.stxowner) AS owner, current_user AS role,
               {ours} AS is_owner,
               has_schema_privilege(n.oid, 'USAGE') AS can_use,
               s.stxnamespace = c.relnamespace OR has_schema_privilege(n.oid, 'CREATE') AS can_create,
               (SELECT format('%I.%I', tn.nspname, t.stxname)
                  FROM pg_statistic_ext t JOIN pg_namespace tn ON tn.oid = t.stxnamespace
                 WHERE t.stxrelid = s.stxrelid AND t.stxname = s.stxname AND t.oid < s.oid
                 ORDER BY t.oid DESC LIMIT 1) AS twin
          FROM pg_statistic_ext s
          JOIN pg_namespace n ON n.oid = s.stxnamespace
          JOIN pg_class c ON c.oid = s.stxrelid
         WHERE s.stxrelid = ?::oid
         ORDER BY s.oid
        """);

    private final Session session;
    private final Findings findings;
    private final boolean carried;

    /** @param carried whether the new table gets the same ones; otherwise they only go away with the old one */
    StatisticsChecks(Session session, Findings findings, boolean carried) {
        this.session = session;
        this.findings = findings;
        this.carried = carried;
    }

    /** Returns whether a clone can have them all. */
    boolean check(long table) throws SQLException {
        return session.query(LOOK.with("ours", Roles.mayBecome("s.stxowner")), this::judge, table).stream()
                .allMatch(possible -> possible);
    }

    private boolean judge(ResultSet row) throws SQLException {
        String name = row.getString("name");
        Identifier role = new Identifier(row.getString("role"));
        Identifier schema = new Identifier(row.getString("nspname"));
        boolean ours = row.getBoolean("is_owner");
        if (!ours) {
            Identifier owner = new Identifier(row.getString("owner"));
            findings.problem(
                    ProblemCode.MISSING_PRIVILEGE,
                    "role %s does not own the table's statistics %s".formatted(role, name),
                    "GRANT %s TO %s".formatted(owner.sql(), role.sql()));
        }
        boolean reachable = row.getBoolean("can_use") && (!carried || row.getBoolean("can_create"));
        if (!reachable) {
            findings.shadowProblem(
                    ProblemCode.MISSING_PRIVILEGE,
                    "role %s may not move anything out of and into schema %s, where the table's statistics %s are"
                            .formatted(role, schema, name),
                    "GRANT USAGE, CREATE ON SCHEMA %s TO %s".formatted(schema.sql(), role.sql()));
        }
        Optional<String> twin = Optional.ofNullable(row.getString("twin"));
        twin.ifPresent(other -> findings.problem(
                ProblemCode.UNSUPPORTED_DEPENDENT,
                "the table's statistics %s and %s have one name, and the old table's schema has to hold both"
                        .formatted(other, name),
                "ALTER STATISTICS %s RENAME TO another name".formatted(name)));
        return ours && twin.isEmpty();
    }
}
