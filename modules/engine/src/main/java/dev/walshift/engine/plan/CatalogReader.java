package dev.walshift.engine.plan;

import dev.walshift.engine.plan.Column.Base;
import dev.walshift.engine.plan.Column.Generated;
import dev.walshift.engine.plan.Column.Identity;
import dev.walshift.engine.plan.Column.Tuning;
import dev.walshift.engine.table.ReplicaIdentity;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads one table out of the catalogs. The session's search_path must be pg_catalog alone, so that the server qualifies all other
 * names in what it deparses.
 */
final class CatalogReader {
    private static final SqlTemplate RELATION = SqlTemplate.of("""
        SELECT n.nspname, c.relname, pg_relation_filenode(c.oid) AS filenode, pg_get_userbyid(c.relowner) AS owner,
               s.spcname, c.relreplident, c.reloptions::text[], t.reloptions::text[] AS toast_options,
               obj_description(c.oid, 'pg_class') AS comment,
               (SELECT r.relname FROM pg_index i JOIN pg_class r ON r.oid = i.indexrelid
                 WHERE i.indrelid = c.oid AND i.indisreplident) AS identity_index
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
          LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
         WHERE c.oid = ?::oid
        """);

    /** An identity column of a partition is its parent's (17 and later); NOT NULL may be NOT VALID (18 and later). */
    private static final SqlTemplate COLUMNS = SqlTemplate.of("""
        SELECT a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type,
               n.nspname AS collation_schema, l.collname, a.attcollation <> t.typcollation AS own_collation,
               base.oid::bigint AS base_oid, base.typmod AS base_typmod, base.typtype = 'e' AS is_enum,
               COALESCE(l.collisdeterministic, true) AS deterministic,
               a.attnotnull AND COALESCE(nn.convalidated, true) AS attnotnull, pg_get_expr(d.adbin, d.adrelid) AS expression,
               a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL AS has_value,
               a.attgenerated, CASE WHEN c.relispartition THEN '' ELSE a.attidentity END AS attidentity,
               CASE WHEN a.attstorage <> t.typstorage
                    THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                           WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END AS storage,
               CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
               NULLIF(a.attstattarget, -1) AS statistics_target, a.attoptions::text[],
               col_description(a.attrelid, a.attnum) AS comment
          FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid
          JOIN pg_type t ON t.oid = a.atttypid
          LEFT JOIN pg_collation l ON l.oid = a.attcollation
          LEFT JOIN pg_namespace n ON n.oid = l.collnamespace
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey = ARRAY[a.attnum]
         CROSS JOIN LATERAL (
               WITH RECURSIVE chain(oid, typmod, depth) AS (
                    SELECT a.atttypid, a.atttypmod, 0
                    UNION ALL
                    SELECT o.typbasetype, CASE WHEN o.typtypmod >= 0 THEN o.typtypmod ELSE c.typmod END, c.depth + 1
                      FROM chain c JOIN pg_type o ON o.oid = c.oid
                     WHERE o.typtype = 'd')
               SELECT c.oid, c.typmod, o.typtype
                 FROM chain c JOIN pg_type o ON o.oid = c.oid
                ORDER BY c.depth DESC
                LIMIT 1) AS base
         WHERE a.attrelid = ?::oid AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum
        """);

    private static final SqlTemplate CONSTRAINTS = SqlTemplate.of("""
        SELECT c.oid::bigint AS constraint_oid, c.conname, c.contype, pg_get_constraintdef(c.oid) AS constraint_definition,
               c.convalidated, COALESCE((to_jsonb(c) ->> 'conenforced')::boolean, true) AS enforced,
               '' AS timing, obj_description(c.oid, 'pg_constraint') AS constraint_comment
          FROM pg_constraint c
         WHERE c.conrelid = ?::oid AND c.contype IN ('c', 'n')
         ORDER BY c.oid
        """);

    private static final SqlTemplate STATISTICS = SqlTemplate.of("""
        SELECT n.nspname, s.stxname, pg_get_userbyid(s.stxowner) AS owner, pg_get_statisticsobjdef(s.oid) AS definition,
               format('CREATE STATISTICS %I.%I', n.nspname, s.stxname) AS head,
               format(' FROM %I.%I', tn.nspname, t.relname) AS tail,
               NULLIF(s.stxstattarget, -1) AS target, obj_description(s.oid, 'pg_statistic_ext') AS comment
          FROM pg_statistic_ext s
          JOIN pg_namespace n ON n.oid = s.stxnamespace
          JOIN pg_class t ON t.oid = s.stxrelid
          JOIN pg_namespace tn ON tn.oid = t.relnamespace
         WHERE s.stxrelid = ?::oid
         ORDER BY s.oid
        """);

    private final Session session;
    private final long oid;

    CatalogReader(Session session, long oid) {
        this.session = session;
        this.oid = oid;
    }

    TableModel read() throws SQLException {
        List<Privilege> privileges = PrivilegeReader.ofRelation(session, oid);
        Map<Integer, List<Privilege>> ofColumns = PrivilegeReader.ofColumns(session, oid);
        return new TableModel(
                session.queryOne(RELATION, row -> relation(row, privileges), oid),
                session.query(COLUMNS, row -> column(row, ofColumns), oid),
                session.query(CONSTRAINTS, CatalogReader::constraint, oid),
                IndexReader.indexes(session, oid),
                SequenceReader.owned(session, oid),
                session.query(STATISTICS, CatalogReader::statistics, oid));
    }

    private TableModel.Relation relation(ResultSet row, List<Privilege> privileges) throws SQLException {
        return new TableModel.Relation(
                oid,
                QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                row.getLong("filenode"),
                new Identifier(row.getString("owner")),
                optional(row, "spcname").map(Identifier::new),
                replicaIdentity(row),
                strings(row, "reloptions"),
                strings(row, "toast_options"),
                optional(row, "comment"),
                privileges);
    }

    /** An index that was dropped leaves INDEX without one: the server then treats it as NOTHING. */
    private static ReplicaIdentity replicaIdentity(ResultSet row) throws SQLException {
        Optional<Identifier> index = optional(row, "identity_index").map(Identifier::new);
        return switch (row.getString("relreplident")) {
            case "f" -> new ReplicaIdentity(ReplicaIdentity.Kind.FULL, Optional.empty());
            case "i" ->
                index.isPresent()
                        ? new ReplicaIdentity(ReplicaIdentity.Kind.INDEX, index)
                        : new ReplicaIdentity(ReplicaIdentity.Kind.NOTHING, Optional.empty());
            case "n" -> new ReplicaIdentity(ReplicaIdentity.Kind.NOTHING, Optional.empty());
            default -> new ReplicaIdentity(ReplicaIdentity.Kind.DEFAULT, Optional.empty());
        };
    }

    private static Column column(ResultSet row, Map<Integer, List<Privilege>> privileges) throws SQLException {
        int number = row.getInt("attnum");
        Optional<Identifier> collation = optional(row, "collname").map(Identifier::new);
        String collationSchema = row.getString("collation_schema");
        return new Column(
                number,
                new Identifier(row.getString("attname")),
                new SqlText(row.getString("type")),
                collation.map(name -> new QualifiedName(new Identifier(collationSchema), name)),
                row.getBoolean("own_collation"),
                new Base(
                        row.getLong("base_oid"),
                        row.getInt("base_typmod"),
                        row.getBoolean("is_enum"),
                        row.getBoolean("deterministic")),
                row.getBoolean("attnotnull"),
                optional(row, "expression").map(SqlText::new),
                row.getBoolean("has_value"),
                Generated.of(row.getString("attgenerated")),
                Identity.of(row.getString("attidentity")),
                new Tuning(
                        optional(row, "storage").map(SqlText::new),
                        optional(row, "compression").map(SqlText::new),
                        optional(row, "statistics_target").map(Integer::valueOf),
                        strings(row, "attoptions")),
                optional(row, "comment"),
                privileges.getOrDefault(number, List.of()));
    }

    static Constraint constraint(ResultSet row) throws SQLException {
        return new Constraint(
                row.getLong("constraint_oid"),
                new Identifier(row.getString("conname")),
                Constraint.Kind.of(row.getString("contype")),
                new SqlText(row.getString("constraint_definition")),
                row.getBoolean("convalidated"),
                row.getBoolean("enforced"),
                new SqlText(row.getString("timing")),
                optional(row, "constraint_comment"));
    }

    private static Statistics statistics(ResultSet row) throws SQLException {
        return new Statistics(
                QualifiedName.of(row.getString("nspname"), row.getString("stxname")),
                new Identifier(row.getString("owner")),
                between(row.getString("definition"), row.getString("head"), row.getString("tail")),
                optional(row, "target").map(Integer::valueOf),
                optional(row, "comment"));
    }

    /**
     * The part of a deparsed statement that does not name the table.
     *
     * @throws IllegalStateException if the server words its statement otherwise than we think
     */
    static SqlText between(String statement, String head, String tail) {
        if (!statement.startsWith(head) || !statement.endsWith(tail)) {
            throw new IllegalStateException(
                    "expected [%s ... %s], the server gave: %s".formatted(head, tail, statement));
        }
        return new SqlText(statement.substring(head.length(), statement.length() - tail.length()));
    }

    static Optional<String> optional(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getString(column));
    }

    /** A text[]; empty if null. */
    static List<String> strings(ResultSet row, String column) throws SQLException {
        Array array = row.getArray(column);
        return array == null ? List.of() : List.of((String[]) array.getArray());
    }
}
