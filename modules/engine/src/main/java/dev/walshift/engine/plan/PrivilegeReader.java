package dev.walshift.engine.plan;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/** Reads access rights. */
final class PrivilegeReader {
    /** A null list means the default, which is the owner's alone. */
    private static final SqlTemplate OF_RELATION = SqlTemplate.of("""
        SELECT CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee) END AS grantee,
               pg_get_userbyid(x.grantor) AS grantor, x.privilege_type, x.is_grantable
          FROM pg_class c
         CROSS JOIN LATERAL aclexplode(COALESCE(
               c.relacl,
               acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner))) AS x
         WHERE c.oid = ?::oid
         ORDER BY x.grantee, x.privilege_type
        """);

    private static final SqlTemplate OF_COLUMNS = SqlTemplate.of("""
        SELECT a.attnum, CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee) END AS grantee,
               pg_get_userbyid(x.grantor) AS grantor, x.privilege_type, x.is_grantable
          FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
         WHERE a.attrelid = ?::oid AND a.attnum > 0
         ORDER BY a.attnum, x.grantee, x.privilege_type
        """);

    private PrivilegeReader() {}

    /** On a table or a sequence. */
    static List<Privilege> ofRelation(Session session, long oid) throws SQLException {
        return session.query(OF_RELATION, PrivilegeReader::privilege, oid);
    }

    /** On single columns, by the column's number. */
    static Map<Integer, List<Privilege>> ofColumns(Session session, long oid) throws SQLException {
        List<OfColumn> all = session.query(OF_COLUMNS, row -> new OfColumn(row.getInt("attnum"), privilege(row)), oid);
        return all.stream().collect(groupingBy(OfColumn::number, mapping(OfColumn::privilege, toList())));
    }

    private record OfColumn(int number, Privilege privilege) {}

    private static Privilege privilege(ResultSet row) throws SQLException {
        return new Privilege(
                CatalogReader.optional(row, "grantee").map(Identifier::new),
                new Identifier(row.getString("grantor")),
                row.getString("privilege_type"),
                row.getBoolean("is_grantable"));
    }
}
