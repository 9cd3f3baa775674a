package dev.walshift.engine.plan;

import static java.util.stream.Collectors.toSet;

import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.Set;

/** Whether a clone has all that a statement speaks of. */
final class StatementChecks {
    private static final SqlTemplate CONSTRAINTS = SqlTemplate.of("""
        SELECT conname FROM pg_constraint
         WHERE conrelid = ?::oid AND contype NOT IN ('c', 'n', 'p', 'u', 'x', 'f')
        """);

    private final Session session;
    private final TableModel source;
    private final Findings findings;

    StatementChecks(Session session, TableModel source, Findings findings) {
        this.session = session;
        this.source = source;
        this.findings = findings;
    }

    /** Returns whether the statement can be tried. */
    boolean check(AlterStatement statement) throws SQLException {
        Set<Identifier> absent =
                session
                        .query(
                                CONSTRAINTS,
                                row -> new Identifier(row.getString(1)),
                                source.relation().oid())
                        .stream()
                        .collect(toSet());
        boolean complete = true;
        for (AlterAction action : statement.actions()) {
            if (action.constraint().filter(absent::contains).isPresent()) {
                findings.problem(
                        ProblemCode.UNSUPPORTED_CHANGE,
                        "%s: constraint %s is a trigger's, which this release leaves alone"
                                .formatted(action.sql(), action.constraint().orElseThrow()),
                        "Leave it out here, and change the trigger after the migration");
                complete = false;
            }
        }
        return complete;
    }
}
