package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.List;

/**
 * Operators that something uses and what was made like it does not. IS DISTINCT FROM, NULLIF, CASE and the like name no operator, so what
 * the server wrote down means its own again when it is read under the search path pg_catalog: citext is compared as text. Operators
 * of pg_catalog itself are not in pg_depend.
 */
public final class LostOperators {
    private static final SqlTemplate OF_ONE = SqlTemplate.of("""
        SELECT DISTINCT pg_describe_object(d.refclassid, d.refobjid, 0)
          FROM pg_depend d
         WHERE d.classid = ?::oid AND d.objid = ?::oid AND d.refclassid = 'pg_operator'::regclass
           AND NOT EXISTS (SELECT FROM pg_depend n JOIN ({made}) AS m(oid) ON n.objid = m.oid
                            WHERE n.classid = d.classid AND n.refclassid = d.refclassid AND n.refobjid = d.refobjid)
         ORDER BY 1
        """);

    /** What a view uses is its rule's. */
    private static final SqlTemplate OF_QUERY = SqlTemplate.of("""
        WITH uses AS (
             SELECT CASE WHEN d.classid = 'pg_proc'::regclass THEN d.objid ELSE w.ev_class END AS user, d.refobjid AS operator
               FROM pg_depend d
               LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
              WHERE d.refclassid = 'pg_operator'::regclass
                AND ((? AND d.classid = 'pg_proc'::regclass AND d.objid IN (?::oid, ?::oid)) OR (NOT ? AND w.ev_class IN (?::oid, ?::oid))))
        SELECT DISTINCT pg_describe_object('pg_operator'::regclass, b.operator, 0) AS name
          FROM uses b
         WHERE b.user = ?::oid AND b.operator NOT IN (SELECT a.operator FROM uses a WHERE a.user = ?::oid)
         ORDER BY name
        """);

    /** Constraints, defaults, generated columns, indexes and statistics, by their names; foreign keys and triggers are none of a clone's. */
    private static final SqlTemplate OF_PARTS = SqlTemplate.of("""
        WITH tables AS (
             SELECT c.oid, c.relname, true AS present
               FROM pg_class c WHERE c.oid = ?::oid OR c.oid IN (SELECT relid FROM pg_partition_tree(?::oid::regclass))
             UNION ALL
             SELECT c.oid, c.relname, false
               FROM pg_class c WHERE c.oid = ?::oid OR c.oid IN (SELECT relid FROM pg_partition_tree(?::oid::regclass))),
        parts AS (
             SELECT t.present, t.relname, 'constraint' AS kind, o.conname AS name, 'pg_constraint'::regclass AS classid, o.oid AS objid,
                    0 AS objsubid
               FROM tables t JOIN pg_constraint o ON o.conrelid = t.oid AND o.contype NOT IN ('f', 't')
             UNION ALL
             SELECT t.present, t.relname, 'column', a.attname, expression.classid, expression.objid, expression.objsubid
               FROM tables t
               JOIN pg_attrdef d ON d.adrelid = t.oid
               JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
              -- Up to 14 a generated column itself depends on what its expression uses (StoreAttrDefault in heap.c).
              CROSS JOIN LATERAL (VALUES ('pg_attrdef'::regclass, d.oid, 0), ('pg_class'::regclass, t.oid, a.attnum::int))
                         AS expression (classid, objid, objsubid)
             UNION ALL
             SELECT t.present, t.relname, 'index', c.relname, 'pg_class'::regclass, c.oid, 0
               FROM tables t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class c ON c.oid = i.indexrelid
             UNION ALL
             SELECT t.present, t.relname, 'statistics object', s.stxname, 'pg_statistic_ext'::regclass, s.oid, 0
               FROM tables t JOIN pg_statistic_ext s ON s.stxrelid = t.oid),
        uses AS (
             SELECT p.present, p.relname, p.kind, p.name, d.refobjid AS operator
               FROM parts p
               JOIN pg_depend d ON d.classid = p.classid AND d.objid = p.objid AND d.objsubid = p.objsubid
                               AND d.refclassid = 'pg_operator'::regclass)
        SELECT format('%s %I of table %I', u.kind, u.name, u.relname) AS part,
               array_agg(DISTINCT pg_describe_object('pg_operator'::regclass, u.operator, 0)) AS operators
          FROM uses u
         WHERE u.present
           AND NOT EXISTS (SELECT FROM uses m
                            WHERE NOT m.present AND (m.relname, m.kind, m.name, m.operator) = (u.relname, u.kind, u.name, u.operator))
         GROUP BY part
         ORDER BY part
        """);

    private static final String REMEDY =
            "Change it first so that it says OPERATOR(schema.=) there, or drop it and create it again after the"
                    + " migration";

    private LostOperators() {}

    /**
     * Of one object.
     *
     * @param made a query for the OID of what was made like it
     */
    static List<String> of(Session session, Dependent object, SqlPart made) throws SQLException {
        return session.query(OF_ONE.with("made", made), row -> row.getString(1), object.catalog(), object.oid());
    }

    /**
     * Of a view or a routine.
     *
     * @param made the OID of what was made like it
     */
    static List<String> of(Session session, QueryGraph.Query query, long made) throws SQLException {
        boolean routine = query.isRoutine();
        long old = query.oid();
        return session.query(OF_QUERY, row -> row.getString("name"), routine, old, made, routine, old, made, old, made);
    }

    /** Of what belongs to a table and those below it, in a clone with the same names: a problem for each. */
    public static List<Problem> ofParts(Session session, long table, long clone) throws SQLException {
        return session.query(
                OF_PARTS,
                row -> problem(
                        row.getString(1), List.of((String[]) row.getArray(2).getArray())),
                table,
                table,
                clone,
                clone);
    }

    static Problem problem(String name, List<String> lost) {
        return new Problem(ProblemCode.UNSUPPORTED_DEPENDENT, "%s: %s".formatted(name, why(lost)), REMEDY);
    }

    static String why(List<String> lost) {
        return "made anew it would no longer use %s: IS DISTINCT FROM, NULLIF, CASE and JOIN USING do not say of which schema theirs is"
                .formatted(String.join(", ", lost));
    }

    static String remedy() {
        return REMEDY;
    }
}
