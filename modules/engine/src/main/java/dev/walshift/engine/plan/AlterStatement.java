package dev.walshift.engine.plan;

import static java.util.stream.Collectors.joining;

import dev.walshift.engine.Problem;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlPart;
import java.util.List;

/**
 * The operator's change, as the server will be asked to make it.
 *
 * @param table as written, one to three names; empty if none could be read
 * @param only whether ONLY stands before it: without what is below it
 * @param steps statements, each a list of actions; a RENAME is one of its own, as the server wants it
 * @param problems why it can't be made
 */
record AlterStatement(List<Identifier> table, boolean only, List<List<AlterAction>> steps, List<Problem> problems) {
    AlterStatement {
        table = List.copyOf(table);
        steps = steps.stream().map(List::copyOf).toList();
        problems = List.copyOf(problems);
    }

    static AlterStatement parse(AlterRequest request) {
        return new StatementParser(request).parse();
    }

    /** The table's name as it can be given to the server. */
    String tableName() {
        return table.stream().map(Identifier::sql).collect(joining("."));
    }

    /** What stands before the first action. */
    static String head(SqlPart table) {
        return "ALTER TABLE %s ".formatted(table.sql());
    }

    /** The whole, for people and for a change in place; without an action if none is asked for. */
    String sql(SqlPart target) {
        if (steps.isEmpty()) {
            return head(target).strip();
        }
        return steps.stream()
                .map(step -> head(target) + step.stream().map(AlterAction::sql).collect(joining(", ")))
                .collect(joining(";\n"));
    }

    /** All actions, in order. */
    List<AlterAction> actions() {
        return steps.stream().flatMap(List::stream).toList();
    }
}
