package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads a table's indexes and the constraints that rest on them. */
final class IndexReader {
    private static final SqlTemplate INDEXES = SqlTemplate.of("""
        SELECT i.indexrelid::bigint AS oid, pg_relation_filenode(i.indexrelid) AS filenode, c.relname, i.indisunique,
               pg_get_indexdef(i.indexrelid) AS definition,
               format('CREATE %sINDEX %I ON %s%I.%I ', CASE WHEN i.indisunique THEN 'UNIQUE ' END,
                      c.relname, CASE WHEN c.relkind = 'I' THEN 'ONLY ' END, n.nspname, t.relname) AS head,
               keys.names, i.indisvalid AND i.indisready AND i.indislive AS valid,
               i.indisunique AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND m.amname = 'btree'
               AND keys.compares_alike AS plain_key,
               s.spcname, i.indisclustered, i.indisreplident,
               c.relkind = 'I' AS partitioned,
               (SELECT up.relname FROM pg_inherits h JOIN pg_class up ON up.oid = h.inhparent
                 WHERE h.inhrelid = i.indexrelid) AS parent,
               ARRAY(SELECT format('ALTER COLUMN %s SET STATISTICS %s', a.attnum, a.attstattarget)
                       FROM pg_attribute a
                      WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0
                      ORDER BY a.attnum) AS statistics,
               ARRAY(SELECT e.extname::text
                       FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                        AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x'
                      ORDER BY e.extname) AS extensions,
               c.reloptions::text[], obj_description(i.indexrelid, 'pg_class') AS comment,
               o.oid::bigint AS constraint_oid, o.conname, o.contype, pg_get_constraintdef(o.oid) AS constraint_definition,
               o.convalidated, COALESCE((to_jsonb(o) ->> 'conenforced')::boolean, true) AS enforced,
               CASE WHEN o.condeferrable THEN ' DEFERRABLE' ELSE '' END
               || CASE WHEN o.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END AS timing,
               obj_description(o.oid, 'pg_constraint') AS constraint_comment,
               COALESCE(o.contype = 'x' OR (to_jsonb(o) ->> 'conperiod')::boolean, false) AS without_overlaps
          FROM pg_index i
          JOIN pg_class c ON c.oid = i.indexrelid
          JOIN pg_am m ON m.oid = c.relam
          JOIN pg_class t ON t.oid = i.indrelid
          JOIN pg_namespace n ON n.oid = t.relnamespace
          LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
          LEFT JOIN pg_constraint o ON o.conindid = i.indexrelid AND o.conrelid = i.indrelid
                                   AND o.contype IN ('p', 'u', 'x')
         CROSS JOIN LATERAL (
               SELECT array_agg(a.attname::text ORDER BY k) AS names, bool_and(a.attcollation = i.indcollation[k]) AS compares_alike
                 FROM generate_series(0, i.indnkeyatts - 1) AS k
                 LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] AND a.attnum > 0) AS keys
         WHERE i.indrelid = ?::oid
         ORDER BY i.indexrelid
        """);

    private IndexReader() {}

    static List<Index> indexes(Session session, long table) throws SQLException {
        return session.query(INDEXES, IndexReader::index, table);
    }

    private static Index index(ResultSet row) throws SQLException {
        Optional<Constraint> constraint =
                row.getString("conname") == null ? Optional.empty() : Optional.of(CatalogReader.constraint(row));
        return new Index(
                row.getLong("oid"),
                row.getLong("filenode"),
                new Identifier(row.getString("relname")),
                row.getBoolean("indisunique"),
                CatalogReader.between(row.getString("definition"), row.getString("head"), ""),
                keyColumns(row),
                row.getBoolean("valid"),
                row.getBoolean("plain_key"),
                CatalogReader.optional(row, "spcname").map(Identifier::new),
                new Index.Marks(
                        row.getBoolean("indisclustered"),
                        row.getBoolean("indisreplident"),
                        row.getBoolean("partitioned"),
                        CatalogReader.optional(row, "parent").map(Identifier::new),
                        CatalogReader.strings(row, "extensions").stream()
                                .map(Identifier::new)
                                .toList()),
                CatalogReader.strings(row, "statistics").stream()
                        .map(SqlText::new)
                        .toList(),
                CatalogReader.strings(row, "reloptions"),
                CatalogReader.optional(row, "comment"),
                constraint,
                row.getBoolean("without_overlaps"));
    }

    private static List<Identifier> keyColumns(ResultSet row) throws SQLException {
        String[] names = (String[]) row.getArray("names").getArray();
        boolean hasExpression = Stream.of(names).anyMatch(name -> name == null);
        return hasExpression ? List.of() : Stream.of(names).map(Identifier::new).toList();
    }
}
