package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Refuses what counts the table's columns, as {@code FROM table x(a, b)} and {@code ROW(1, 2)::table} do, where the change puts them in
 * other places: it would go on with other columns, and nobody would tell. In doubt it refuses.
 */
public final class ColumnPlaces {
    private static final SqlTemplate COLUMNS = SqlTemplate.of("""
        SELECT attname FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
        """);

    /**
     * What an object has to do with the table's row type. A function's body in a string is not the server's to read, and leaves no entry in
     * pg_depend; that of its signature does, and says nothing of the places.
     */
    private static final SqlTemplate ROW_TYPE = SqlTemplate.of("""
        WITH object(classid, objid) AS (SELECT ?::oid, ?::oid),
        parts(classid, objid) AS (
             SELECT classid, objid FROM object
             UNION ALL
             SELECT 'pg_rewrite'::regclass, w.oid
               FROM object o JOIN pg_rewrite w ON o.classid = 'pg_class'::regclass AND w.ev_class = o.objid
             UNION ALL
             SELECT 'pg_attrdef'::regclass, a.oid
               FROM object o JOIN pg_attrdef a ON o.classid = 'pg_class'::regclass AND a.adrelid = o.objid
             UNION ALL
             SELECT 'pg_trigger'::regclass, t.oid
               FROM object o JOIN pg_trigger t ON o.classid = 'pg_class'::regclass AND t.tgrelid = o.objid),
        types AS (
             SELECT t.oid
               FROM pg_class c JOIN pg_type r ON r.oid = c.reltype JOIN pg_type t ON t.oid IN (r.oid, r.typarray)
              WHERE c.oid = ?::oid)
        SELECT EXISTS (SELECT FROM parts p
                         JOIN pg_depend d ON d.classid = p.classid AND d.objid = p.objid
                         JOIN types t ON d.refclassid = 'pg_type'::regclass AND d.refobjid = t.oid) AS used,
               EXISTS (SELECT FROM object o
                         JOIN pg_proc f ON o.classid = 'pg_proc'::regclass AND f.oid = o.objid
                         JOIN types t ON t.oid = f.prorettype
                                      OR t.oid = ANY (COALESCE(f.proallargtypes, f.proargtypes::oid[]))) AS in_signature,
               EXISTS (SELECT FROM object o
                         JOIN pg_proc f ON o.classid = 'pg_proc'::regclass AND f.oid = o.objid AND f.prosqlbody IS NOT NULL
                         JOIN types t ON t.oid = f.prorettype) AS returned,
               EXISTS (SELECT FROM object o
                         JOIN pg_rewrite w ON o.classid = 'pg_rewrite'::regclass AND w.oid = o.objid
                        WHERE w.ev_class = ?::oid) AS own_rule
        """);

    /** What of the table itself may have a whole row in it: generated columns and foreign keys may not. */
    private static final SqlTemplate PARTS = SqlTemplate.of("""
        WITH tables AS (
             SELECT oid, relname
               FROM pg_class WHERE oid = ?::oid OR oid IN (SELECT relid FROM pg_partition_tree(?::oid::regclass)))
        SELECT format('constraint %I of table %I', o.conname, t.relname) AS part,
               'pg_constraint'::regclass::oid::bigint AS catalog, o.oid::bigint AS oid, pg_get_constraintdef(o.oid) AS definition
          FROM tables t JOIN pg_constraint o ON o.conrelid = t.oid AND o.contype IN ('c', 'x')
         UNION ALL
        SELECT format('index %I of table %I', c.relname, t.relname), 'pg_class'::regclass::oid::bigint, c.oid::bigint,
               pg_get_indexdef(c.oid)
          FROM tables t
          JOIN pg_index i ON i.indrelid = t.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
          JOIN pg_class c ON c.oid = i.indexrelid
         WHERE NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = c.oid AND o.contype = 'x')
         UNION ALL
        SELECT format('column %I of table %I', a.attname, t.relname), 'pg_attrdef'::regclass::oid::bigint, d.oid::bigint,
               pg_get_expr(d.adbin, d.adrelid)
          FROM tables t
          JOIN pg_attrdef d ON d.adrelid = t.oid
          JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
         UNION ALL
        SELECT format('statistics object %I of table %I', s.stxname, t.relname), 'pg_statistic_ext'::regclass::oid::bigint, s.oid::bigint,
               array_to_string(pg_get_statisticsobjdef_expressions(s.oid), ', ')
          FROM tables t JOIN pg_statistic_ext s ON s.stxrelid = t.oid AND s.stxexprs IS NOT NULL
         ORDER BY part
        """);

    private static final String REMEDY =
            "Leave the columns in their places, let a DROP COLUMN be a migration of its own, which the server makes in"
                    + " place, or drop the one that counts them and create it again after the migration";

    private ColumnPlaces() {}

    /**
     * What an object has to do with the table's rows.
     *
     * @param used it has the row type, or an array of it, in whatever way
     * @param inSignature it is a function that takes or returns it, which says nothing of the columns' places
     * @param returned it is one that returns it, from a body that the server has read
     * @param ownRule it is a rule of the table, whose RETURNING gives the table's columns by their places
     */
    private record RowType(boolean used, boolean inSignature, boolean returned, boolean ownRule) {
        static RowType of(ResultSet row) throws SQLException {
            return new RowType(
                    row.getBoolean("used"),
                    row.getBoolean("in_signature"),
                    row.getBoolean("returned"),
                    row.getBoolean("own_rule"));
        }
    }

    /**
     * Looks at something that hangs on the source.
     *
     * @param catalog OID of the system catalog that it is in
     * @param oid its own
     * @param definition by the server, with the names that columns have after the change
     */
    static void check(Session session, Subject subject, long catalog, long oid, List<? extends SqlPart> definition)
            throws SQLException, UnwritableException {
        if (subject.probe().isEmpty()) {
            return;
        }
        List<Identifier> before = columns(session, subject.name().sql());
        List<Identifier> after = columns(session, subject.probe().get().sql());
        boolean moved = moves(subject, before, after);
        if (!moved && after.size() == before.size()) {
            return;
        }
        List<CountedColumns> counted = definition.stream()
                .map(statement -> CountedColumns.in(statement.sql()))
                .toList();
        Optional<String> reason = moved
                ? reason(subject, rowType(session, subject, catalog, oid), counted, before.size())
                // A new column at the end moves only those of others behind it.
                : behind(counted, before.size() + 1);
        if (reason.isPresent()) {
            throw new UnwritableException(reason.get(), REMEDY);
        }
    }

    /** One of the table's own constraints, indexes and the like. */
    private record Part(String name, long catalog, long oid, CountedColumns definition) {
        static Part of(ResultSet row) throws SQLException {
            return new Part(
                    row.getString("part"),
                    row.getLong("catalog"),
                    row.getLong("oid"),
                    CountedColumns.in(row.getString("definition")));
        }
    }

    /**
     * Looks at what the table has itself, and those below it: its constraints, indexes, defaults, statistics objects. Not for a table that is made by
     * DDL of its own, which has its own of them.
     *
     * @return a problem for each that counts columns, if the change moves some
     */
    public static List<Problem> ofParts(Session session, Subject subject) throws SQLException {
        List<Problem> problems = new ArrayList<>();
        if (subject.probe().isEmpty()) {
            return problems;
        }
        List<Identifier> before = columns(session, subject.name().sql());
        if (!moves(subject, before, columns(session, subject.probe().get().sql()))) {
            return problems;
        }
        for (Part part : session.query(PARTS, Part::of, subject.oid(), subject.oid())) {
            reason(
                            subject,
                            rowType(session, subject, part.catalog(), part.oid()),
                            List.of(part.definition()),
                            before.size())
                    .ifPresent(reason -> problems.add(new Problem(
                            ProblemCode.UNSUPPORTED_DEPENDENT, "%s: %s".formatted(part.name(), reason), REMEDY)));
        }
        return problems;
    }

    private static List<Identifier> columns(Session session, String table) throws SQLException {
        return session.query(COLUMNS, row -> new Identifier(row.getString(1)), table);
    }

    private static boolean moves(Subject subject, List<Identifier> before, List<Identifier> after) {
        return after.size() < before.size()
                || !before.stream()
                        .allMatch(column -> after.get(before.indexOf(column))
                                .equals(subject.columns().get(column)));
    }

    private static RowType rowType(Session session, Subject subject, long catalog, long oid) throws SQLException {
        return session.queryOne(ROW_TYPE, RowType::of, catalog, oid, subject.oid(), subject.oid());
    }

    private static Optional<String> reason(Subject subject, RowType type, List<CountedColumns> counted, int columns) {
        Identifier table = subject.name().name();
        if (counted.stream().anyMatch(it -> it.renamesThoseOf(table))) {
            return moved("it gives the table's columns other names by their places, as FROM table x(a, b) does");
        }
        boolean makes = !type.inSignature() || counted.stream().anyMatch(it -> it.makesRows(table));
        if (type.returned() || (type.used() && makes)) {
            return moved("it makes rows of the table's row type, as ROW(1, 2)::table and NULL::table do, which have"
                    + " their columns by their places");
        }
        if (type.ownRule() && counted.stream().anyMatch(CountedColumns::returnsRows)) {
            return moved("its RETURNING gives the table's columns by their places");
        }
        if (counted.stream().anyMatch(CountedColumns::usesWholeRows)) {
            return moved("it uses whole rows, as x.* = ROW(1, 2) does, which are compared and read by the columns'"
                    + " places");
        }
        return behind(counted, columns);
    }

    private static Optional<String> behind(List<CountedColumns> counted, int columns) {
        return counted.stream().anyMatch(it -> it.renamesThoseOfJoinOrFunction(columns))
                ? moved("it gives columns of a join or of a function's rows other names by their places, as (table JOIN"
                        + " other) x(a, b) does")
                : Optional.empty();
    }

    private static Optional<String> moved(String what) {
        return Optional.of(what + ", and the change puts columns in other places");
    }
}
