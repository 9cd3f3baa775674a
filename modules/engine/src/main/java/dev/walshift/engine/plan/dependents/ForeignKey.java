package dev.walshift.engine.plan.dependents;

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
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A foreign key as the catalogs have it. Those of partitions that belong to one of their parent's are not told apart from that.
 *
 * @param period whether the last column is a PERIOD (18)
 * @param options what follows its columns, as the server deparses it: from MATCH to NOT VALID
 * @param validated whether it is known to hold for every row
 * @param enabled whether its triggers, those of its partitions' parts too, are as they were created
 * @param annotated whether there are comments on what partitions have of it
 * @param rewriting whether a change of what it refers to changes the columns that refer (CASCADE of an UPDATE, SET NULL, SET DEFAULT)
 * @param leaves if the referencing table is partitioned, what the server made of it for each partition that holds rows
 */
public record ForeignKey(
        long oid,
        Identifier name,
        Side referencing,
        Side referenced,
        boolean period,
        SqlText options,
        boolean validated,
        boolean enabled,
        boolean annotated,
        boolean rewriting,
        List<Leaf> leaves,
        Optional<String> comment) {
    public ForeignKey {
        leaves = List.copyOf(leaves);
    }

    /**
     * The definition's beginning, which names tables and columns, is taken off and written anew for other names; what follows is the
     * server's text.
     */
    private static final SqlTemplate READ = SqlTemplate.of("""
        SELECT c.oid::bigint AS oid, c.conname, c.convalidated,
               COALESCE((to_jsonb(c) ->> 'conperiod')::boolean, false) AS period,
               CASE WHEN starts_with(d.definition, h.head) THEN substr(d.definition, length(h.head) + 1) END AS options,
               c.confupdtype IN ('c', 'n', 'd') OR c.confdeltype IN ('n', 'd') AS rewriting,
               b.enabled, b.annotated, b.leaf_schemas, b.leaf_tables, b.leaf_names,
               obj_description(c.oid, 'pg_constraint') AS comment,
               r.oid::bigint AS referencing, rn.nspname AS referencing_schema, r.relname AS referencing_name,
               r.relkind = 'p' AS referencing_partitioned, k.columns, k.types,
               f.oid::bigint AS referenced, fn.nspname AS referenced_schema, f.relname AS referenced_name,
               f.relkind = 'p' AS referenced_partitioned, k.referenced_columns, k.referenced_types
          FROM pg_constraint c
          JOIN pg_class r ON r.oid = c.conrelid
          JOIN pg_namespace rn ON rn.oid = r.relnamespace
          JOIN pg_class f ON f.oid = c.confrelid
          JOIN pg_namespace fn ON fn.oid = f.relnamespace
         CROSS JOIN LATERAL (
               SELECT array_agg(a.attname::text ORDER BY u.n) AS columns,
                      array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY u.n) AS types,
                      array_agg(b.attname::text ORDER BY u.n) AS referenced_columns,
                      array_agg(format_type(b.atttypid, b.atttypmod) ORDER BY u.n) AS referenced_types,
                      string_agg(p.period || quote_ident(a.attname), ', ' ORDER BY u.n) AS list,
                      string_agg(p.period || quote_ident(b.attname), ', ' ORDER BY u.n) AS referenced_list
                 FROM unnest(c.conkey, c.confkey) WITH ORDINALITY AS u(referencing, referenced, n)
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = u.referencing
                 JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = u.referenced
                CROSS JOIN LATERAL (
                      SELECT CASE WHEN (to_jsonb(c) ->> 'conperiod')::boolean AND u.n = cardinality(c.conkey)
                                  THEN 'PERIOD ' ELSE '' END AS period) AS p) AS k
         CROSS JOIN LATERAL (
               SELECT format('FOREIGN KEY (%s) REFERENCES %s(%s)', k.list, c.confrelid::regclass, k.referenced_list)
                          AS head) AS h
         CROSS JOIN LATERAL (SELECT pg_get_constraintdef(c.oid) AS definition) AS d
         CROSS JOIN LATERAL (
               WITH RECURSIVE below(oid) AS (
                    SELECT c.oid
                    UNION ALL
                    SELECT p.oid FROM below JOIN pg_constraint p ON p.conparentid = below.oid),
               -- What is below for the partitions of the referenced table does not refer to that table.
               leaf AS (
                    SELECT l.oid, ln.nspname::text AS home, l.relname::text AS name, p.conname::text AS part
                      FROM below
                      JOIN pg_constraint p ON p.oid = below.oid AND p.confrelid = c.confrelid AND p.conrelid <> c.conrelid
                      JOIN pg_class l ON l.oid = p.conrelid AND l.relkind = 'r'
                      JOIN pg_namespace ln ON ln.oid = l.relnamespace)
               SELECT ARRAY(SELECT home FROM leaf ORDER BY oid) AS leaf_schemas,
                      ARRAY(SELECT name FROM leaf ORDER BY oid) AS leaf_tables,
                      ARRAY(SELECT part FROM leaf ORDER BY oid) AS leaf_names,
                      NOT EXISTS (SELECT FROM below JOIN pg_trigger t ON t.tgconstraint = below.oid AND t.tgenabled <> 'O')
                          AS enabled,
                      EXISTS (SELECT FROM below
                               WHERE below.oid <> c.oid AND obj_description(below.oid, 'pg_constraint') IS NOT NULL)
                          AS annotated) AS b
         WHERE c.contype = 'f' AND c.conparentid = 0 AND ?::oid IN (c.conrelid, c.confrelid)
         ORDER BY c.oid
        """);

    private static final SqlTemplate DEFINITION =
            SqlTemplate.of("FOREIGN KEY ({columns}) REFERENCES {table} ({referenced}){options}");
    private static final SqlTemplate ADD =
            SqlTemplate.of("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}{notValid}");
    private static final SqlText NOT_VALID = new SqlText(" NOT VALID");
    private static final SqlText AS_IT_IS = new SqlText("");
    private static final SqlTemplate COMMENT = SqlTemplate.of("COMMENT ON CONSTRAINT {name} ON {table} IS {comment}");
    private static final SqlTemplate DROP = SqlTemplate.of("ALTER TABLE {table} DROP CONSTRAINT {name}");

    /**
     * A partition of the referencing table.
     *
     * @param name of its part of the foreign key
     */
    record Leaf(QualifiedName table, Identifier name) {
        /** The same partition in another schema. */
        Leaf in(Identifier schema) {
            return new Leaf(table.in(schema), name);
        }
    }

    /**
     * One of its two tables.
     *
     * @param columns in the order of the key
     * @param types of those, as the server writes them
     */
    public record Side(
            long oid, QualifiedName table, boolean partitioned, List<Identifier> columns, List<String> types) {
        public Side {
            columns = List.copyOf(columns);
            types = List.copyOf(types);
        }

        /** The same under another name. */
        Side at(QualifiedName name) {
            return new Side(oid, name, partitioned, columns, types);
        }

        /** The same columns of another table. */
        Side of(Side other, boolean nowPartitioned) {
            return new Side(other.oid, other.table, nowPartitioned, columns, types);
        }
    }

    /**
     * All foreign keys out of a table, into it, and to itself.
     *
     * @param session with search_path pg_catalog
     */
    static List<ForeignKey> of(Session session, long table) throws SQLException {
        return session.query(READ, ForeignKey::read, table);
    }

    private static ForeignKey read(ResultSet row) throws SQLException {
        Identifier name = new Identifier(row.getString("conname"));
        String options = row.getString("options");
        if (options == null) {
            throw new IllegalStateException("the server words foreign key %s otherwise than we think".formatted(name));
        }
        return new ForeignKey(
                row.getLong("oid"),
                name,
                side(row, "referencing", "columns", "types"),
                side(row, "referenced", "referenced_columns", "referenced_types"),
                row.getBoolean("period"),
                new SqlText(options),
                row.getBoolean("convalidated"),
                row.getBoolean("enabled"),
                row.getBoolean("annotated"),
                row.getBoolean("rewriting"),
                leaves(row),
                Optional.ofNullable(row.getString("comment")));
    }

    private static List<Leaf> leaves(ResultSet row) throws SQLException {
        String[] schemas = (String[]) row.getArray("leaf_schemas").getArray();
        String[] tables = (String[]) row.getArray("leaf_tables").getArray();
        String[] names = (String[]) row.getArray("leaf_names").getArray();
        return IntStream.range(0, tables.length)
                .mapToObj(i -> new Leaf(QualifiedName.of(schemas[i], tables[i]), new Identifier(names[i])))
                .toList();
    }

    private static Side side(ResultSet row, String table, String columns, String types) throws SQLException {
        return new Side(
                row.getLong(table),
                QualifiedName.of(row.getString(table + "_schema"), row.getString(table + "_name")),
                row.getBoolean(table + "_partitioned"),
                Stream.of((String[]) row.getArray(columns).getArray())
                        .map(Identifier::new)
                        .toList(),
                List.of((String[]) row.getArray(types).getArray()));
    }

    /** The same between other tables. */
    ForeignKey between(UnaryOperator<Side> table) {
        return between(table, leaves);
    }

    /** The same between other tables, of which the referencing one has these partitions. */
    ForeignKey between(UnaryOperator<Side> table, List<Leaf> partitions) {
        return new ForeignKey(
                oid,
                name,
                table.apply(referencing),
                table.apply(referenced),
                period,
                options,
                validated,
                enabled,
                annotated,
                rewriting,
                partitions,
                comment);
    }

    boolean isSelfReference() {
        return referencing.oid() == referenced.oid();
    }

    /** Whether {@code other} is the same one at another time: by OID, as renaming keeps it, or by name, as a change of type does. */
    public boolean isSameAs(ForeignKey other) {
        return oid == other.oid || (name.equals(other.name) && referencing.oid() == other.referencing.oid());
    }

    /** What follows its name in ADD CONSTRAINT. */
    public SqlText definition() {
        return new SqlText(DEFINITION
                .with("columns", keyColumns(referencing.columns()))
                .with("table", referenced.table())
                .with("referenced", keyColumns(referenced.columns()))
                .with("options", options)
                .sql());
    }

    private SqlText keyColumns(List<Identifier> columns) {
        List<SqlPart> parts = new ArrayList<>(columns);
        if (period) {
            parts.add(new SqlText("PERIOD " + parts.removeLast().sql()));
        }
        return SqlText.list(parts);
    }

    /** The referenced columns as the unique constraint that a foreign key needs names them. */
    SqlText uniqueColumns() {
        return new SqlText(SqlText.list(referenced.columns()).sql() + (period ? " WITHOUT OVERLAPS" : ""));
    }

    /** Statements that make it, checked if it is known to hold. */
    List<SqlText> create() {
        return create(AS_IT_IS);
    }

    /** Statements that make it without looking at the rows. */
    List<SqlText> createUnchecked() {
        return create(validated ? NOT_VALID : AS_IT_IS);
    }

    /** Makes it for a partition alone, without looking at the rows. */
    SqlText createUncheckedOn(Leaf leaf) {
        return new SqlText(ADD.with("table", leaf.table())
                .with("name", leaf.name())
                .with("definition", definition())
                .with("notValid", NOT_VALID)
                .sql());
    }

    private List<SqlText> create(SqlText notValid) {
        List<SqlText> statements = new ArrayList<>();
        statements.add(statement(ADD.with("definition", definition()).with("notValid", notValid)));
        comment.ifPresent(text -> statements.add(statement(COMMENT.with("comment", SqlText.literal(text)))));
        return statements;
    }

    SqlText drop() {
        return statement(DROP);
    }

    private SqlText statement(SqlTemplate template) {
        return new SqlText(
                template.with("table", referencing.table()).with("name", name).sql());
    }
}
