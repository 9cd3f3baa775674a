package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.plan.dependents.QueryGraph.Query;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Writes down owner and rights of a view or routine for another one made like it, whatever the defaults made of them there. */
final class RightsWriter {
    /** A new owner must be allowed to create objects in the schema, if it is not a superuser who asks. */
    private static final SqlTemplate OWNER = SqlTemplate.of("""
        SELECT unnest(ARRAY[format('GRANT CREATE ON SCHEMA %I TO %I', o.schema, o.owner),
                            format('ALTER %s %s OWNER TO %I', o.kind, o.made, o.owner),
                            format('REVOKE CREATE ON SCHEMA %I FROM %I', o.schema, o.owner)])
          FROM (SELECT pg_get_userbyid(relowner) AS owner, ?::text AS kind, ?::text AS made, ?::text AS schema
                  FROM pg_class WHERE NOT ? AND oid = ?::oid
                UNION ALL
                SELECT pg_get_userbyid(proowner), ?::text, ?::text, ?::text FROM pg_proc WHERE ? AND oid = ?::oid) AS o
         WHERE o.owner <> current_user
        """);

    /** Of the whole object. No list of rights means the default. */
    private static final SqlTemplate RIGHTS = SqlTemplate.of("""
        WITH rights AS (
             SELECT x.* FROM pg_class c, aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) AS x
              WHERE NOT ? AND c.oid = ?::oid
             UNION ALL
             SELECT x.* FROM pg_proc p, aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) AS x
              WHERE ? AND p.oid = ?::oid)
        SELECT DISTINCT grantee,
               CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS role,
               privilege_type || ' ON ' || ?::text || ' TO ' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
               || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS granted
          FROM rights
         ORDER BY grantee, granted
        """);

    private static final SqlTemplate COLUMN_RIGHTS = SqlTemplate.of("""
        SELECT DISTINCT a.attnum,
               format('GRANT %s (%I) ON %s TO %s%s', x.privilege_type, a.attname, ?::text,
                      CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                      CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement
          FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
         WHERE NOT ? AND a.attrelid = ?::oid AND a.attnum > 0
         ORDER BY a.attnum, statement
        """);

    private static final SqlTemplate REVOKE = SqlTemplate.of("REVOKE ALL ON {object} FROM {role}");
    private static final SqlTemplate GRANT = SqlTemplate.of("GRANT {right}");

    private final Session session;
    private final Query query;
    private final SqlText kind;
    private final SqlText made;

    /** @param made name, and arguments, of what is to have the owner and rights of {@code query} */
    RightsWriter(Session session, Query query, SqlText made) {
        this.session = session;
        this.query = query;
        this.kind = ViewWriter.kind(query);
        this.made = made;
    }

    /** Gives it its owner, who may create something in its schema for that instant. */
    List<SqlText> owner(Identifier schema) throws SQLException {
        boolean routine = query.isRoutine();
        return session.query(
                OWNER,
                row -> new SqlText(row.getString(1)),
                kind.sql(),
                made.sql(),
                schema,
                routine,
                query.oid(),
                kind.sql(),
                made.sql(),
                schema,
                routine,
                query.oid());
    }

    /** @param madeOid of what is made and has its owner; what it has been given by default is taken away */
    List<SqlText> rights(long madeOid) throws SQLException {
        List<SqlText> statements = new ArrayList<>();
        List<Right> wanted = read(query.oid());
        List<Right> present = read(madeOid);
        SqlText object = object();
        if (!wanted.equals(present)) {
            present.stream()
                    .map(Right::role)
                    .distinct()
                    .forEach(role -> statements.add(new SqlText(
                            REVOKE.with("object", object).with("role", role).sql())));
            wanted.forEach(right -> statements.add(
                    new SqlText(GRANT.with("right", right.granted()).sql())));
        }
        statements.addAll(session.query(
                COLUMN_RIGHTS,
                row -> new SqlText(row.getString("statement")),
                object.sql(),
                query.isRoutine(),
                query.oid()));
        return statements;
    }

    /** To GRANT, a materialized view is a table too. */
    private SqlText object() {
        return new SqlText((query.isRoutine() ? "ROUTINE " : "TABLE ") + made.sql());
    }

    private record Right(SqlText role, SqlText granted) {}

    private List<Right> read(long oid) throws SQLException {
        boolean routine = query.isRoutine();
        return session.query(RIGHTS, RightsWriter::right, routine, oid, routine, oid, object().sql());
    }

    private static Right right(ResultSet row) throws SQLException {
        return new Right(new SqlText(row.getString("role")), new SqlText(row.getString("granted")));
    }
}
