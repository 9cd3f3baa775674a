package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;

/**
 * Creates an empty table with all that is below it, as pg_dump would: each table by itself, so that it has its columns in its own order,
 * and attached then; the indexes last, each attached to the one that it is a part of.
 */
final class TreeWriter {
    private static final SqlTemplate ATTACH =
            SqlTemplate.of("ALTER TABLE ONLY {parent} ATTACH PARTITION {partition} {bound}");

    private final Session session;
    private final TableModel model;
    private final PartitionTree tree;
    private final Identifier schema;

    /** @param schema where to create all of it */
    TreeWriter(Session session, TableModel model, PartitionTree tree, Identifier schema) {
        this.session = session;
        this.model = model;
        this.tree = tree;
        this.schema = schema;
    }

    /** Creates it and returns its oid. */
    long create() throws SQLException {
        TableWriter table = new TableWriter(session, model, schema);
        if (!tree.isPartitioned()) {
            return table.create();
        }
        table.createBare(tree.key());
        for (PartitionTree.Partition partition : tree.partitions()) {
            new TableWriter(session, partition.table(), schema).createBare(partition.key());
            session.execute(ATTACH.with("parent", new QualifiedName(schema, partition.parent()))
                    .with("partition", partition.table().name().in(schema))
                    .with("bound", partition.bound().escaped()));
        }
        long oid = table.complete();
        for (PartitionTree.Partition partition : tree.partitions()) {
            long unused = new TableWriter(session, partition.table(), schema).complete();
        }
        return oid;
    }
}
