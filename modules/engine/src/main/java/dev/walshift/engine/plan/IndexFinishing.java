package dev.walshift.engine.plan;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.ArrayList;
import java.util.List;

/** What can only be said of an index once it exists. */
final class IndexFinishing {
    private static final SqlTemplate ALTER_INDEX = SqlTemplate.of("ALTER INDEX {index} {actions}");
    private static final SqlTemplate ATTACH = SqlTemplate.of("ALTER INDEX {parent} ATTACH PARTITION {index}");
    private static final SqlTemplate DEPENDS = SqlTemplate.of("ALTER INDEX {index} DEPENDS ON EXTENSION {extension}");
    private static final SqlTemplate COMMENT_INDEX = SqlTemplate.of("COMMENT ON INDEX {index} IS {comment}");
    private static final SqlTemplate COMMENT_CONSTRAINT =
            SqlTemplate.of("COMMENT ON CONSTRAINT {name} ON {table} IS {comment}");
    private static final SqlTemplate CLUSTER_ON = SqlTemplate.of("ALTER TABLE {table} CLUSTER ON {index}");
    private static final SqlTemplate REPLICA_IDENTITY =
            SqlTemplate.of("ALTER TABLE {table} REPLICA IDENTITY USING INDEX {index}");

    private final QualifiedName table;
    private final Index index;

    IndexFinishing(QualifiedName table, Index index) {
        this.table = table;
        this.index = index;
    }

    List<SqlText> statements() {
        List<SqlPart> statements = new ArrayList<>();
        QualifiedName name = new QualifiedName(table.schema(), index.name());
        // Nothing happens if it is attached already.
        index.marks()
                .parent()
                .ifPresent(parent -> statements.add(ATTACH.with("parent", new QualifiedName(table.schema(), parent))
                        .with("index", name)));
        if (!index.statistics().isEmpty()) {
            statements.add(ALTER_INDEX.with("index", name).with("actions", SqlText.list(index.statistics())));
        }
        if (index.withoutOverlaps() && !index.options().isEmpty()) {
            // pg_get_constraintdef leaves them out for a temporal key.
            SqlTemplate options = SqlTemplate.of("SET ({list})").with("list", Options.list(index.options()));
            statements.add(ALTER_INDEX.with("index", name).with("actions", options));
        }
        index.comment()
                .ifPresent(text ->
                        statements.add(COMMENT_INDEX.with("index", name).with("comment", SqlText.literal(text))));
        index.constraint()
                .flatMap(Constraint::comment)
                .ifPresent(text -> statements.add(COMMENT_CONSTRAINT
                        .with("name", index.name())
                        .with("table", table)
                        .with("comment", SqlText.literal(text))));
        index.marks()
                .extensions()
                .forEach(extension -> statements.add(DEPENDS.with("index", name).with("extension", extension)));
        if (index.marks().clustered()) {
            statements.add(CLUSTER_ON.with("table", table).with("index", index.name()));
        }
        if (index.marks().replicaIdentity()) {
            statements.add(REPLICA_IDENTITY.with("table", table).with("index", index.name()));
        }
        return statements.stream().map(part -> new SqlText(part.sql())).toList();
    }
}
