package dev.walshift.engine.plan.dependents;

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

/**
 * The table's rules are made anew in the swap. Those of other tables that mention it are replaced there by
 * themselves, which binds them to the new table and leaves all else that they have.
 */
final class RuleCarrier implements Carrier {
    private static final SqlTemplate READ = SqlTemplate.of("""
        SELECT w.rulename, w.ev_enabled, w.ev_class::bigint AS home, obj_description(w.oid, 'pg_rewrite') AS comment
          FROM pg_rewrite w
         WHERE w.oid = ?::oid
        """);
    private static final SqlTemplate DEFINITION = SqlTemplate.of("SELECT pg_get_ruledef(?::oid)");
    private static final SqlText RULE = new SqlText("RULE");
    private static final SqlTemplate COMMENT = SqlTemplate.of("COMMENT ON RULE {name} ON {table} IS {comment}");
    private static final String CREATE = "CREATE RULE ";
    private static final String CREATE_OR_REPLACE = "CREATE OR REPLACE RULE ";

    /** One rule, as the catalogs have it. */
    private record Rule(Identifier name, Firing firing, long home, Optional<String> comment) {}

    /** With CREATE OR REPLACE. */
    private record RuleWriter(Session session) implements Attachments.Writer {
        @Override
        public ServerSql read(long oid) throws SQLException {
            return session.queryOne(DEFINITION, row -> replacing(row.getString(1)), oid);
        }

        @Override
        public SqlText create(ServerSql read, QualifiedName table) {
            return read.text();
        }
    }

    @Override
    public Carried carry(Session session, Subject subject, List<Dependent> found) throws SQLException {
        Attachments attachments = Attachments.of(session, subject);
        for (Dependent dependent : found) {
            if (dependent.kind() == Kind.RULE) {
                Rule rule = session.queryOne(READ, RuleCarrier::rule, dependent.oid());
                HomeTable home = HomeTable.read(session, rule.home());
                Optional<ServerSql> definition = attachments.read(dependent, home, new RuleWriter(session));
                if (definition.isEmpty()) {
                    continue;
                }
                List<SqlPart> statements = new ArrayList<>();
                statements.add(definition.get().text());
                if (home.oid() == subject.oid()) {
                    statements.addAll(details(rule, home));
                }
                attachments.add(dependent, home, definition.get(), statements);
            }
        }
        return attachments.carried();
    }

    private static Rule rule(ResultSet row) throws SQLException {
        return new Rule(
                new Identifier(row.getString("rulename")),
                Firing.of(row.getString("ev_enabled")),
                row.getLong("home"),
                Optional.ofNullable(row.getString("comment")));
    }

    private static ServerSql replacing(String definition) {
        if (!definition.startsWith(CREATE) || !definition.endsWith(";")) {
            throw new IllegalStateException("not a rule as pg_get_ruledef gives it: " + definition);
        }
        return new ServerSql(CREATE_OR_REPLACE + definition.substring(CREATE.length(), definition.length() - 1));
    }

    private static List<SqlPart> details(Rule rule, HomeTable home) {
        List<SqlPart> details = new ArrayList<>();
        rule.firing().set(RULE, rule.name(), home.name()).ifPresent(details::add);
        rule.comment()
                .ifPresent(text -> details.add(COMMENT.with("name", rule.name())
                        .with("table", home.name())
                        .with("comment", SqlText.literal(text))));
        return details;
    }
}
