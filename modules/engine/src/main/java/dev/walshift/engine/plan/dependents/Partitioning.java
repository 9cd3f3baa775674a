package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;

/**
 * Whether a table is partitioned.
 *
 * @param present as it is
 * @param changed as the change makes it; false if the change can't be made
 */
record Partitioning(boolean present, boolean changed) {
    private static final SqlTemplate READ = SqlTemplate.of("""
        SELECT EXISTS (SELECT FROM pg_class c WHERE c.relkind = 'p' AND c.oid = ?::oid),
               EXISTS (SELECT FROM pg_class c WHERE c.relkind = 'p' AND c.oid = to_regclass(NULLIF(?, '')))
        """);

    static Partitioning of(Session session, Subject subject) throws SQLException {
        return session.queryOne(
                READ,
                row -> new Partitioning(row.getBoolean(1), row.getBoolean(2)),
                subject.oid(),
                subject.probe().map(QualifiedName::sql).orElse(""));
    }

    /** A plain table becomes a partitioned one. */
    boolean begins() {
        return changed && !present;
    }
}
