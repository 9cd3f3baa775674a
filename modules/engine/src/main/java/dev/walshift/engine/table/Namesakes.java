package dev.walshift.engine.table;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The functions, operators and casts that a definition could lead to when it is read again: those that a table and what hangs on it use, and
 * all others of the same name in the same schema. One that fits better, made after the plan, would be called in the place of the old
 * one, and nobody would tell.
 *
 * @param functions names that are used
 * @param operators names that are used; those of pg_catalog are not told by pg_depend, and its own can't change
 * @param types OIDs of those types that casts can be made for without being superuser
 * @param found what there was when it was looked
 */
public record Namesakes(
        List<Routine> functions, List<QualifiedName> operators, List<Long> types, List<Namesake> found) {
    public static final Namesakes NONE = new Namesakes(List.of(), List.of(), List.of(), List.of());

    /**
     * What is used by the table with the OID, by all below it, and by whatever depends on them, in views on views too. What calls a
     * function may be made anew, but not what only uses such a function.
     */
    private static final SqlText USED = new SqlText("""
        WITH RECURSIVE objects(classid, objid) AS (
             SELECT 'pg_class'::regclass::oid, ?::oid
             UNION
             SELECT s.classid, s.objid
               FROM objects o
              CROSS JOIN LATERAL (
                    SELECT d.classid, d.objid
                      FROM pg_depend d
                     WHERE d.refclassid = o.classid AND d.refobjid = o.objid AND o.classid <> 'pg_proc'::regclass
                    UNION ALL
                    SELECT 'pg_class'::regclass, v.oid
                      FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class AND v.relkind IN ('v', 'm')
                     WHERE o.classid = 'pg_rewrite'::regclass AND w.oid = o.objid) AS s),
        used(classid, objid, subid) AS (
             SELECT DISTINCT d.refclassid, d.refobjid, d.refobjsubid
               FROM objects o JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.objid)
        """.stripTrailing());

    private static final SqlTemplate FUNCTIONS = SqlTemplate.of("""
        {used}
        SELECT n.nspname AS schema, p.proname AS name, bool_and(p.pronargs = 0) AS alone
          FROM used u
          JOIN pg_proc p ON u.classid = 'pg_proc'::regclass AND p.oid = u.objid
          JOIN pg_namespace n ON n.oid = p.pronamespace
         GROUP BY n.nspname, p.proname
         ORDER BY n.nspname, p.proname
        """).with("used", USED);

    private static final SqlTemplate OPERATORS = SqlTemplate.of("""
        {used}
        SELECT DISTINCT n.nspname AS schema, o.oprname AS name
          FROM used u
          JOIN pg_operator o ON u.classid = 'pg_operator'::regclass AND o.oid = u.objid
          JOIN pg_namespace n ON n.oid = o.oprnamespace
         ORDER BY schema, name
        """).with("used", USED);

    /** From FirstNormalObjectId (transam.h) on. Row types are left out: they are made anew themselves, and a cast of one is refused. */
    private static final SqlTemplate TYPES = SqlTemplate.of("""
        {used},
        types(oid) AS (
             SELECT objid FROM used WHERE classid = 'pg_type'::regclass
             UNION
             SELECT a.atttypid FROM used u JOIN pg_attribute a ON a.attrelid = u.objid AND a.attnum = u.subid
              WHERE u.classid = 'pg_class'::regclass AND u.subid > 0
             UNION
             SELECT unnest(p.proargtypes::oid[]) FROM used u JOIN pg_proc p ON p.oid = u.objid
              WHERE u.classid = 'pg_proc'::regclass
             UNION
             SELECT m.oid FROM types t JOIN pg_type y ON y.oid = t.oid
              CROSS JOIN LATERAL (VALUES (y.typelem), (y.typbasetype)) AS m(oid))
        SELECT y.oid::bigint
          FROM types t
          JOIN pg_type y ON y.oid = t.oid
          LEFT JOIN pg_class c ON c.oid = y.typrelid
         WHERE y.oid >= 16384 AND COALESCE(c.relkind = 'c', true)
         ORDER BY y.oid
        """).with("used", USED);

    /**
     * In pg_catalog itself only superusers can make some. A function with rows of a table in its signature may be made anew by the swap, and
     * is known by that signature.
     */
    private static final SqlTemplate FOUND = SqlTemplate.of("""
        WITH names AS (SELECT * FROM unnest(?::text[], ?::text[], ?::boolean[]) AS n(schema, name, alone)),
        signs AS (SELECT * FROM unnest(?::text[], ?::text[]) AS n(schema, name)),
        functions AS (
             SELECT p.*, n.nspname
               FROM pg_proc p
               JOIN pg_namespace n ON n.oid = p.pronamespace
               JOIN names u ON u.schema = n.nspname AND u.name = p.proname AND (p.pronargs = 0 OR NOT u.alone)
             UNION
             SELECT p.*, 'pg_catalog'
               FROM pg_proc p
              WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.oid >= 16384
                AND EXISTS (SELECT FROM pg_proc b
                             WHERE b.proname = p.proname AND b.pronamespace = p.pronamespace AND b.oid < 16384)),
        operators AS (
             SELECT o.oid
               FROM pg_operator o
               JOIN pg_namespace n ON n.oid = o.oprnamespace
               JOIN signs u ON u.schema = n.nspname AND u.name = o.oprname
             UNION
             SELECT o.oid
               FROM pg_operator o
              WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oid >= 16384
                AND EXISTS (SELECT FROM pg_operator b
                             WHERE b.oprname = o.oprname AND b.oprnamespace = o.oprnamespace AND b.oid < 16384))
        SELECT format('function %I.%I(%s)', f.nspname, f.proname, pg_get_function_identity_arguments(f.oid))
               || CASE WHEN f.pronargdefaults > 0 THEN format(' with defaults for the last %s', f.pronargdefaults) ELSE '' END AS name,
               CASE WHEN EXISTS (SELECT FROM unnest(COALESCE(f.proallargtypes, f.proargtypes::oid[]) || f.prorettype) AS a(oid)
                                   JOIN pg_type t ON t.oid = a.oid
                                   LEFT JOIN pg_type e ON e.oid = t.typelem
                                   JOIN pg_class c ON c.oid IN (t.typrelid, e.typrelid) AND c.relkind <> 'c')
                    THEN 0 ELSE f.oid::bigint END AS oid
          FROM functions f
         UNION ALL
        SELECT 'operator ' || o.oid::regoperator, o.oid::bigint FROM operators o
         UNION ALL
        SELECT format('cast (%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)), c.oid::bigint
          FROM pg_cast c
         WHERE c.castsource = ANY (?::oid[]) OR c.casttarget = ANY (?::oid[])
            OR (c.oid >= 16384 AND c.castsource < 16384 AND c.casttarget < 16384)
         ORDER BY name, oid
        """);

    public Namesakes {
        functions = List.copyOf(functions);
        operators = List.copyOf(operators);
        types = List.copyOf(types);
        found = List.copyOf(found);
    }

    /**
     * A name of functions that are used.
     *
     * @param alone whether it is only called without arguments, which no other one can take away
     */
    public record Routine(QualifiedName name, boolean alone) {}

    /**
     * A function, operator or cast that there is.
     *
     * @param name with its arguments, for people
     * @param oid 0 if it may be made anew under its name
     */
    public record Namesake(String name, long oid) {}

    /**
     * Of the table with the OID.
     *
     * @param session one that sees only pg_catalog ({@code Database.open})
     */
    public static Namesakes of(Session session, long oid) throws SQLException {
        List<Routine> functions = session.query(FUNCTIONS, row -> new Routine(name(row), row.getBoolean("alone")), oid);
        List<QualifiedName> operators = session.query(OPERATORS, Namesakes::name, oid);
        List<Long> types = session.query(TYPES, row -> row.getLong(1), oid);
        return new Namesakes(functions, operators, types, find(session, functions, operators, types));
    }

    /** Whether nothing is used but what came with the server; only a superuser who writes into pg_catalog can add to that. */
    public boolean areBuiltIn() {
        return functions.isEmpty() && operators.isEmpty() && types.isEmpty();
    }

    private static QualifiedName name(ResultSet row) throws SQLException {
        return QualifiedName.of(row.getString("schema"), row.getString("name"));
    }

    private static List<Namesake> find(
            Session session, List<Routine> functions, List<QualifiedName> operators, List<Long> types)
            throws SQLException {
        List<QualifiedName> called = functions.stream().map(Routine::name).toList();
        return session.query(
                FOUND,
                row -> new Namesake(row.getString("name"), row.getLong("oid")),
                texts(called, QualifiedName::schema),
                texts(called, QualifiedName::name),
                functions.stream().map(Routine::alone).toArray(Boolean[]::new),
                texts(operators, QualifiedName::schema),
                texts(operators, QualifiedName::name),
                types.toArray(Long[]::new),
                types.toArray(Long[]::new));
    }

    private static String[] texts(List<QualifiedName> names, Function<QualifiedName, Identifier> part) {
        return names.stream().map(it -> part.apply(it).name()).toArray(String[]::new);
    }

    /**
     * Tells a function, operator or cast that came or went since.
     *
     * @param session one that sees only pg_catalog
     * @param table whose they are, for the message
     * @throws MigrationException SOURCE_CHANGED
     */
    public void requireUnchanged(Session session, QualifiedName table) throws SQLException {
        List<Namesake> now = find(session, functions, operators, types);
        if (!now.equals(found)) {
            List<String> different = Stream.concat(
                            now.stream().filter(it -> !found.contains(it)),
                            found.stream().filter(it -> !now.contains(it)))
                    .map(Namesake::name)
                    .distinct()
                    .toList();
            throw new MigrationException(
                    ProblemCode.SOURCE_CHANGED,
                    "somebody made, changed or dropped what definitions of %s, or of what hangs on it, may lead to: %s"
                            .formatted(table, String.join(", ", different)),
                    "Made anew they could mean another one than before, so there was no swap. Plan the migration again;"
                            + " leave functions, operators and casts of these names as they are until it is done.");
        }
    }
}
