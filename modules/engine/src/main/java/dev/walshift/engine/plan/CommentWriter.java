package dev.walshift.engine.plan;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The comments on a table and what belongs to it, indexes excepted. */
final class CommentWriter {
    private static final SqlTemplate COMMENT = SqlTemplate.of("COMMENT ON {object} IS {comment}");

    private final QualifiedName table;
    private final TableModel model;
    private final List<SqlPart> statements = new ArrayList<>();

    CommentWriter(QualifiedName table, TableModel model) {
        this.table = table;
        this.model = model;
    }

    List<SqlPart> statements() {
        add(
                SqlTemplate.of("TABLE {table}").with("table", table),
                model.relation().comment());
        for (Column column : model.columns()) {
            add(
                    SqlTemplate.of("COLUMN {table}.{column}")
                            .with("table", table)
                            .with("column", column.name()),
                    column.comment());
        }
        for (Constraint constraint : model.constraints()) {
            ofConstraint(table, constraint).ifPresent(statements::add);
        }
        for (ColumnSequence sequence : model.sequences()) {
            if (sequence.identity()) {
                add(
                        SqlTemplate.of("SEQUENCE {name}")
                                .with("name", sequence.name().in(table.schema())),
                        sequence.comment());
            }
        }
        for (Statistics statistics : model.statistics()) {
            add(
                    SqlTemplate.of("STATISTICS {name}")
                            .with("name", statistics.name().in(table.schema())),
                    statistics.comment());
        }
        return statements;
    }

    static Optional<SqlPart> ofConstraint(QualifiedName table, Constraint constraint) {
        return comment(
                SqlTemplate.of("CONSTRAINT {name} ON {table}")
                        .with("name", constraint.name())
                        .with("table", table),
                constraint.comment());
    }

    private void add(SqlPart object, Optional<String> comment) {
        comment(object, comment).ifPresent(statements::add);
    }

    private static Optional<SqlPart> comment(SqlPart object, Optional<String> comment) {
        return comment.map(text -> COMMENT.with("object", object).with("comment", SqlText.literal(text)));
    }
}
