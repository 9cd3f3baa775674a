package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;

/**
 * The table that a trigger, policy or rule stands on: the subject, or another one.
 *
 * @param ours whether we may act as its owner
 */
record HomeTable(long oid, QualifiedName name, Identifier owner, Identifier role, boolean ours) {
    private static final SqlTemplate READ = SqlTemplate.of("""
        SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner) AS owner, current_user AS role,
               pg_has_role(c.relowner, 'USAGE') AS ours
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = ?::oid
        """);

    static HomeTable read(Session session, long oid) throws SQLException {
        return session.queryOne(
                READ,
                row -> new HomeTable(
                        oid,
                        QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                        new Identifier(row.getString("owner")),
                        new Identifier(row.getString("role")),
                        row.getBoolean("ours")),
                oid);
    }
}
