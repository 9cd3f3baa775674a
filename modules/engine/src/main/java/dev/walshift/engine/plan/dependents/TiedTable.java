package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;

/**
 * A table that a foreign key ties to the one that is migrated, or a partition of such a table.
 *
 * @param root the table that it is, or is a partition of
 * @param owned whether we may act as its owner
 * @param owner its owner's name
 * @param reachable whether we may use its schema
 * @param referencing whether its rows refer to the table's
 * @param lockable whether LOCK TABLE would let us
 */
record TiedTable(
        long oid,
        long root,
        QualifiedName name,
        boolean owned,
        String owner,
        boolean reachable,
        boolean referencing,
        boolean lockable) {
    /** Not by pg_partition_tree, which locks what it finds. */
    private static final SqlTemplate TABLES = SqlTemplate.of("""
        WITH RECURSIVE tied(oid, root, referencing) AS (
             SELECT o::oid, o, o = ANY (?::bigint[]) FROM unnest(?::bigint[]) AS o
             UNION
             SELECT i.inhrelid, t.root, t.referencing
               FROM tied t
               JOIN pg_class p ON p.oid = t.oid AND p.relkind = 'p'
               JOIN pg_inherits i ON i.inhparent = p.oid)
        SELECT c.oid::bigint AS oid, t.root, n.nspname, c.relname, pg_get_userbyid(c.relowner) AS owner,
               pg_has_role(c.relowner, 'USAGE') AS owned, has_schema_privilege(n.oid, 'USAGE') AS reachable,
               t.referencing,
               has_table_privilege(c.oid, CASE WHEN current_setting('server_version_num')::int >= 170000
                                               THEN 'UPDATE, DELETE, TRUNCATE, MAINTAIN'
                                               ELSE 'UPDATE, DELETE, TRUNCATE' END) AS lockable
          FROM tied t
          JOIN pg_class c ON c.oid = t.oid AND c.relkind IN ('r', 'p')
          JOIN pg_namespace n ON n.oid = c.relnamespace
         ORDER BY c.oid
        """);

    /** In the order of their OIDs, which every migration locks them in. */
    static List<TiedTable> of(Session session, long source, List<ForeignKey> foreignKeys) throws SQLException {
        Long[] others = foreignKeys.stream()
                .flatMap(foreignKey -> Stream.of(foreignKey.referencing(), foreignKey.referenced()))
                .map(ForeignKey.Side::oid)
                .filter(oid -> oid != source)
                .distinct()
                .toArray(Long[]::new);
        Long[] referencing = foreignKeys.stream()
                .map(foreignKey -> foreignKey.referencing().oid())
                .distinct()
                .toArray(Long[]::new);
        return session.query(
                TABLES,
                row -> new TiedTable(
                        row.getLong("oid"),
                        row.getLong("root"),
                        QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                        row.getBoolean("owned"),
                        row.getString("owner"),
                        row.getBoolean("reachable"),
                        row.getBoolean("referencing"),
                        row.getBoolean("lockable")),
                referencing,
                others);
    }
}
