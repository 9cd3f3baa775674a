package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;

/** A table with the source's columns and nothing else, to try expressions over them. */
final class SourceColumns implements AutoCloseable {
    private static final SqlTemplate CREATE = SqlTemplate.of("CREATE TABLE {columns} (LIKE {table})");
    private static final SqlTemplate DROP = SqlTemplate.of("DROP TABLE {table}");
    private static final Identifier NAME = new Identifier("walshift_columns");

    private final Session session;
    private final QualifiedName name;

    private SourceColumns(Session session, QualifiedName name) {
        this.session = session;
        this.name = name;
    }

    /** @param schema where it is made */
    static SourceColumns create(Session session, QualifiedName source, Identifier schema) throws SQLException {
        QualifiedName name = new QualifiedName(schema, NAME);
        session.execute(CREATE.with("columns", name).with("table", source));
        return new SourceColumns(session, name);
    }

    ExpressionProbe expressions() {
        return new ExpressionProbe(session, name);
    }

    /** Drops it; where a failure has aborted the transaction, its rollback does. */
    @Override
    public void close() throws SQLException {
        session.execute(DROP.with("table", name));
    }
}
