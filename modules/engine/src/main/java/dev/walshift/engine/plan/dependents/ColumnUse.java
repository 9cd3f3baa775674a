package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Which columns something uses; refuses what uses one that the new table does not have. */
final class ColumnUse {
    private static final SqlTemplate USED = SqlTemplate.of("""
        SELECT DISTINCT a.attname
          FROM pg_depend d
          JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE d.classid = ?::oid AND d.objid = ?::oid
           AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ?::oid AND d.refobjsubid > 0
         ORDER BY a.attname
        """);

    private ColumnUse() {}

    static List<Problem> problems(Session session, Subject subject, Dependent dependent) throws SQLException {
        List<Problem> problems = new ArrayList<>();
        for (Identifier column : columns(session, subject, dependent)) {
            if (subject.dropped().contains(column)) {
                problems.add(new Problem(
                        ProblemCode.UNSUPPORTED_DEPENDENT,
                        "%s uses column %s, which is dropped".formatted(dependent.name(), column),
                        "Drop that first, as ALTER TABLE would demand too, or leave the column"));
            }
        }
        return problems;
    }

    /** The source's columns that it uses by name. */
    static List<Identifier> columns(Session session, Subject subject, Dependent dependent) throws SQLException {
        return session.query(
                USED, row -> new Identifier(row.getString(1)), dependent.catalog(), dependent.oid(), subject.oid());
    }
}
