package dev.walshift.engine.plan;

import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.List;

/** What the new table would lack, as only a statement of its own sets it: security labels, and what its row type has for itself. */
final class MarkChecks {
    /** A serial's sequence stays itself, with its labels. */
    private static final SqlTemplate LABELS = SqlTemplate.of("""
        WITH marked(classid, objid) AS (
             SELECT 'pg_class'::regclass, c.oid FROM pg_class c WHERE c.oid = ?::oid
             UNION ALL
             SELECT 'pg_type'::regclass, c.reltype FROM pg_class c WHERE c.oid = ?::oid
             UNION ALL
             SELECT d.classid, d.objid FROM pg_depend d
              WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ?::oid AND d.deptype = 'i')
        SELECT format('%s: %s on %s', l.provider, l.label, pg_describe_object(l.classoid, l.objoid, l.objsubid)) AS label,
               format('SECURITY LABEL FOR %I ON %s %s IS NULL', l.provider,
                      CASE WHEN l.objsubid > 0 THEN 'COLUMN' WHEN l.classoid = 'pg_type'::regclass THEN 'TYPE' ELSE upper(o.type) END,
                      o.identity) AS removal
          FROM marked m
          JOIN pg_seclabel l ON l.classoid = m.classid AND l.objoid = m.objid
         CROSS JOIN LATERAL pg_identify_object(l.classoid, l.objoid, l.objsubid) AS o
         ORDER BY 1
        """);

    /** Of a relation's type and its array type the rights are the default ones, until somebody grants or revokes. */
    private static final SqlTemplate ROW_TYPE = SqlTemplate.of("""
        SELECT format('comment on type %s', format_type(t.oid, NULL)) AS mark,
               format('COMMENT ON TYPE %s IS NULL', t.oid::regtype) AS removal
          FROM pg_class c JOIN pg_type r ON r.oid = c.reltype JOIN pg_type t ON t.oid IN (r.oid, r.typarray)
         WHERE c.oid = ?::oid AND obj_description(t.oid, 'pg_type') IS NOT NULL
        UNION ALL
        SELECT format('access rights of type %s', format_type(t.oid, NULL)),
               format('GRANT USAGE ON TYPE %s TO PUBLIC, and REVOKE it from whom it was granted', t.oid::regtype)
          FROM pg_class c JOIN pg_type t ON t.oid = c.reltype
         WHERE c.oid = ?::oid
           AND EXISTS ((SELECT * FROM aclexplode(t.typacl) EXCEPT SELECT * FROM aclexplode(acldefault('T', t.typowner)))
                       UNION ALL
                       (SELECT * FROM aclexplode(acldefault('T', t.typowner)) EXCEPT SELECT * FROM aclexplode(t.typacl)))
           AND t.typacl IS NOT NULL
        """);

    private final Session session;
    private final Findings findings;

    MarkChecks(Session session, Findings findings) {
        this.session = session;
        this.findings = findings;
    }

    private record Mark(String text, String removal) {}

    void check(long table) throws SQLException {
        List<Mark> labels =
                session.query(LABELS, row -> new Mark(row.getString(1), row.getString(2)), table, table, table);
        refuse(
                labels,
                "security labels are not carried over (%s)",
                "Take them away for the time of the migration, and set them on the new table: %s");
        List<Mark> ofType = session.query(ROW_TYPE, row -> new Mark(row.getString(1), row.getString(2)), table, table);
        refuse(ofType, "what the table's row type has for itself is not carried over (%s)", "Take it away: %s");
    }

    private void refuse(List<Mark> marks, String message, String remedy) {
        if (!marks.isEmpty()) {
            findings.shadowProblem(
                    ProblemCode.UNSUPPORTED_TABLE,
                    message.formatted(
                            String.join(", ", marks.stream().map(Mark::text).toList())),
                    remedy.formatted(
                            String.join("; ", marks.stream().map(Mark::removal).toList())));
        }
    }
}
