package dev.walshift.engine.plan;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.table.Marks;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.List;

/** What the new table would lack, as only a statement of its own sets it: security labels, and what its row type has for itself. */
final class MarkChecks {
    private static final SqlTemplate LABELS = SqlTemplate.of("""
        WITH source AS (SELECT * FROM pg_class WHERE oid = ?::oid), labels AS ({labels})
        SELECT format('%s: %s on %s', l.provider, l.label, pg_describe_object(l.classid, l.objid, l.subid)) AS label,
               format('SECURITY LABEL FOR %I ON %s %s IS NULL', l.provider,
                      CASE WHEN l.subid > 0 THEN 'COLUMN' WHEN l.classid = 'pg_type'::regclass THEN 'TYPE' ELSE upper(o.type) END,
                      o.identity) AS removal
          FROM labels l
         CROSS JOIN LATERAL pg_identify_object(l.classid, l.objid, l.subid) AS o
         ORDER BY 1
        """).with("labels", Marks.LABELS);

    private static final SqlTemplate ROW_TYPE =
            SqlTemplate.of("""
                WITH source AS (SELECT * FROM pg_class WHERE oid = ?::oid), comments AS ({comments}), rights AS ({rights})
                SELECT format('comment on type %s', format_type(oid, NULL)) AS mark,
                       format('COMMENT ON TYPE %s IS NULL', oid::regtype) AS removal
                  FROM comments
                UNION ALL
                SELECT format('access rights of type %s', format_type(oid, NULL)),
                       format('GRANT USAGE ON TYPE %s TO PUBLIC, and REVOKE it from whom it was granted', oid::regtype)
                  FROM rights
                """).with("comments", Marks.TYPE_COMMENTS).with("rights", Marks.TYPE_RIGHTS);

    private static final SqlTemplate MEMBERSHIPS = SqlTemplate.of("""
        WITH source AS (SELECT * FROM pg_class WHERE oid = ?::oid), members AS ({members})
        SELECT format('%s to %I', pg_describe_object(m.classid, m.objid, 0), m.extname) AS member,
               format('ALTER EXTENSION %I DROP %s %s', m.extname,
                      CASE WHEN m.classid = 'pg_type'::regclass THEN 'TYPE' ELSE upper(o.type) END, o.identity) AS removal
          FROM members m
         CROSS JOIN LATERAL pg_identify_object(m.classid, m.objid, 0) AS o
         ORDER BY 1
        """).with("members", Marks.MEMBERSHIPS);

    private final Session session;
    private final Findings findings;

    MarkChecks(Session session, Findings findings) {
        this.session = session;
        this.findings = findings;
    }

    private record Mark(String text, String removal) {}

    void check(long table) throws SQLException {
        refuse(
                marks(LABELS, table),
                "security labels are not carried over (%s)",
                "Take them away for the time of the migration, and set them on the new table: %s");
        refuse(
                marks(ROW_TYPE, table),
                "what the table's row type has for itself is not carried over (%s)",
                "Take it away: %s");
        refuse(
                marks(MEMBERSHIPS, table),
                "parts of the table belong to an extension, and would not any more (%s)",
                "Take them out of it for the time of the migration, and add the new ones: %s");
    }

    private List<Mark> marks(SqlTemplate query, long table) throws SQLException {
        return session.query(query, row -> new Mark(row.getString(1), row.getString(2)), table);
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
