package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.dependents.Dependent.Kind;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The table's policies are made anew in the swap, and row level security is put in force there: before, it would
 * hide the shadow's rows from us. The policies of other tables that mention this one are bound to the new table
 * by giving them the same expressions again.
 */
final class RowSecurityCarrier implements Carrier {
    private static final SqlTemplate LOOK = SqlTemplate.of("""
        SELECT relrowsecurity, relforcerowsecurity, row_security_active(oid) AS active, current_user AS role
          FROM pg_class
         WHERE oid = ?::oid
        """);
    private static final SqlTemplate READ = SqlTemplate.of("""
        SELECT p.polname, p.polrelid::bigint AS home, p.polpermissive,
               CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                             ELSE 'ALL' END AS command,
               (SELECT string_agg(CASE WHEN r.oid = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.oid)) END, ', '
                                  ORDER BY r.place)
                  FROM unnest(p.polroles) WITH ORDINALITY AS r (oid, place)) AS roles,
               obj_description(p.oid, 'pg_policy') AS comment
          FROM pg_policy p
         WHERE p.oid = ?::oid
        """);
    private static final SqlTemplate CONDITIONS = SqlTemplate.of("""
        SELECT pg_get_expr(polqual, polrelid) AS visible, pg_get_expr(polwithcheck, polrelid) AS allowed
          FROM pg_policy WHERE oid = ?::oid
        """);
    private static final SqlTemplate CREATE =
            SqlTemplate.of("CREATE POLICY {name} ON {table} AS {kind} FOR {command} TO {roles}{conditions}");
    private static final SqlTemplate ALTER = SqlTemplate.of("ALTER POLICY {name} ON {table}{conditions}");
    private static final SqlTemplate USING = SqlTemplate.of(" USING ({expression})");
    private static final SqlTemplate WITH_CHECK = SqlTemplate.of(" WITH CHECK ({expression})");
    private static final SqlTemplate COMMENT = SqlTemplate.of("COMMENT ON POLICY {name} ON {table} IS {comment}");
    private static final SqlTemplate ENABLE = SqlTemplate.of("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY");
    private static final SqlTemplate FORCE = SqlTemplate.of("ALTER TABLE {table} FORCE ROW LEVEL SECURITY");

    /** Row level security of a table, and whether it applies to us. */
    private record Flags(boolean enabled, boolean forced, boolean active, Identifier role) {}

    /**
     * One policy, as the catalogs have it.
     *
     * @param roles as SQL
     */
    private record Policy(
            Identifier name, long home, SqlText kind, SqlText command, SqlText roles, Optional<String> comment) {}

    /** USING and WITH CHECK, as far as it has them. */
    private record ConditionsWriter(Session session, Policy policy) implements Attachments.Writer {
        @Override
        public ServerSql read(long oid) throws SQLException {
            return session.queryOne(CONDITIONS, RowSecurityCarrier::conditions, oid);
        }

        @Override
        public SqlText create(ServerSql conditions, QualifiedName table) {
            return RowSecurityCarrier.create(policy, conditions, table).text();
        }
    }

    @Override
    public Carried carry(Session session, Subject subject, List<Dependent> found) throws SQLException {
        Attachments attachments = Attachments.of(session, subject);
        for (Dependent dependent : found) {
            if (dependent.kind() == Kind.POLICY) {
                Policy policy = session.queryOne(READ, RowSecurityCarrier::policy, dependent.oid());
                HomeTable home = HomeTable.read(session, policy.home());
                Optional<ServerSql> conditions =
                        attachments.read(dependent, home, new ConditionsWriter(session, policy));
                if (conditions.isEmpty()) {
                    continue;
                }
                ServerSql create = create(policy, conditions.get(), home.name());
                attachments.add(
                        dependent,
                        home,
                        create,
                        home.oid() == subject.oid()
                                ? anew(policy, home, create)
                                : List.of(bindAgain(policy, conditions.get(), home)));
            }
        }
        Flags flags = session.queryOne(LOOK, RowSecurityCarrier::flags, subject.oid());
        if (flags.active()) {
            attachments.problem(hidden(subject, flags.role()));
        }
        attachments.run(inForce(flags, subject));
        return attachments.carried();
    }

    private static Flags flags(ResultSet row) throws SQLException {
        return new Flags(
                row.getBoolean("relrowsecurity"),
                row.getBoolean("relforcerowsecurity"),
                row.getBoolean("active"),
                new Identifier(row.getString("role")));
    }

    private static Policy policy(ResultSet row) throws SQLException {
        return new Policy(
                new Identifier(row.getString("polname")),
                row.getLong("home"),
                new SqlText(row.getBoolean("polpermissive") ? "PERMISSIVE" : "RESTRICTIVE"),
                new SqlText(row.getString("command")),
                new SqlText(row.getString("roles")),
                Optional.ofNullable(row.getString("comment")));
    }

    private static ServerSql conditions(ResultSet row) throws SQLException {
        List<SqlPart> conditions = new ArrayList<>();
        condition(USING, row.getString("visible")).ifPresent(conditions::add);
        condition(WITH_CHECK, row.getString("allowed")).ifPresent(conditions::add);
        return new ServerSql(SqlText.join("", conditions).sql());
    }

    private static Optional<SqlPart> condition(SqlTemplate clause, @Nullable String expression) {
        return Optional.ofNullable(expression).map(text -> clause.with("expression", new SqlText(text)));
    }

    private static Problem hidden(Subject subject, Identifier role) {
        return new Problem(
                ProblemCode.MISSING_PRIVILEGE,
                "row level security of table %s hides rows from role %s, so not all of them could be copied"
                        .formatted(subject.name(), role),
                "ALTER ROLE %s BYPASSRLS, or ALTER TABLE %s NO FORCE ROW LEVEL SECURITY for the time of the migration"
                        .formatted(role.sql(), subject.name()));
    }

    private static ServerSql create(Policy policy, ServerSql conditions, QualifiedName table) {
        return new ServerSql(CREATE.with("name", policy.name())
                .with("table", table)
                .with("kind", policy.kind())
                .with("command", policy.command())
                .with("roles", policy.roles())
                .with("conditions", new SqlText(conditions.sql()))
                .sql());
    }

    private static List<SqlPart> anew(Policy policy, HomeTable home, ServerSql create) {
        List<SqlPart> statements = new ArrayList<>();
        statements.add(create.text());
        policy.comment()
                .ifPresent(text -> statements.add(COMMENT.with("name", policy.name())
                        .with("table", home.name())
                        .with("comment", SqlText.literal(text))));
        return statements;
    }

    private static SqlPart bindAgain(Policy policy, ServerSql conditions, HomeTable home) {
        return ALTER.with("name", policy.name()).with("table", home.name()).with("conditions", conditions.text());
    }

    private static List<SqlPart> inForce(Flags flags, Subject subject) {
        List<SqlPart> statements = new ArrayList<>();
        if (flags.enabled()) {
            statements.add(ENABLE.with("table", subject.name()));
        }
        if (flags.forced()) {
            statements.add(FORCE.with("table", subject.name()));
        }
        return statements;
    }
}
