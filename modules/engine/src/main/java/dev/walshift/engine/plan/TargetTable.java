package dev.walshift.engine.plan;

import static java.util.stream.Collectors.toSet;

import dev.walshift.engine.plan.AlterAction.Using;
import dev.walshift.engine.plan.dependents.ForeignKeys;
import dev.walshift.engine.plan.dependents.TargetForeignKeys;
import dev.walshift.engine.table.ReplicaIdentity;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The table that the operator's own DDL made: gives it what the DDL does not speak of, and reads it as if it were an altered clone, its
 * columns matched by name.
 */
final class TargetTable {
    private static final SqlTemplate REPLICA_IDENTITY =
            SqlTemplate.of("ALTER TABLE ONLY {table} REPLICA IDENTITY {identity}");

    private final Session session;
    private final TableModel source;
    private final Identifier schema;

    TargetTable(Session session, TableModel source, Identifier schema) {
        this.session = session;
        this.source = source;
        this.schema = schema;
    }

    /**
     * Owner, access rights and comments as the source has them, and its replica identity if that is FULL or NOTHING. Partitions get owner and
     * replica identity, and no rights: who reads the table needs none on them.
     */
    void carry(long oid) throws SQLException {
        TableModel made = new CatalogReader(session, oid).read();
        TableModel wanted = withSourceRights(made);
        QualifiedName table = source.name().in(schema);
        for (SqlPart comment : new CommentWriter(table, wanted).statements()) {
            session.execute(comment);
        }
        List<TableModel> partitions = PartitionTree.of(session, oid).tables();
        for (TableModel partition : partitions) {
            new OwnershipWriter(session, partition.ownedBy(source.relation().owner()), partition.name())
                    .applyOwnerAlone();
        }
        List<QualifiedName> tables = new ArrayList<>(List.of(table));
        partitions.forEach(partition -> tables.add(partition.name()));
        ReplicaIdentity identity = source.relation().replicaIdentity();
        if (identity.kind() == ReplicaIdentity.Kind.FULL || identity.kind() == ReplicaIdentity.Kind.NOTHING) {
            for (QualifiedName each : tables) {
                session.execute(REPLICA_IDENTITY.with("table", each).with("identity", identity.clause()));
            }
        }
        new OwnershipWriter(session, wanted, table).apply();
    }

    /** What the DDL says goes before what the source has. */
    private TableModel withSourceRights(TableModel made) {
        TableModel.Relation relation = made.relation();
        TableModel.Relation wanted = new TableModel.Relation(
                relation.oid(),
                relation.name(),
                relation.filenode(),
                source.relation().owner(),
                relation.tablespace(),
                relation.replicaIdentity(),
                relation.options(),
                relation.toastOptions(),
                relation.comment().or(source.relation()::comment),
                source.relation().privileges());
        List<Column> columns = made.columns().stream()
                .map(column -> source.column(column.name())
                        .map(from -> column.with(column.comment().or(from::comment), from.privileges()))
                        .orElse(column))
                .toList();
        List<ColumnSequence> sequences = made.sequences().stream()
                .map(sequence -> source.sequenceOf(sequence.column())
                        .map(from -> sequence.withPrivileges(from.privileges()))
                        .orElse(sequence))
                .toList();
        return made.ownedBy(wanted.owner())
                .withRelation(wanted)
                .withColumns(columns)
                .withSequences(sequences);
    }

    /**
     * @param findings told which foreign keys it can't have
     * @param using by the new table's columns; {@code read} what they mean
     */
    AlteredClone read(long oid, Findings findings, Map<Identifier, Using> using, Map<Identifier, Expression> read)
            throws SQLException {
        TableModel after = new CatalogReader(session, oid).read();
        PartitionTree tree = PartitionTree.of(session, oid);
        Map<Integer, Using> written = new HashMap<>();
        Map<Integer, Expression> meant = new HashMap<>();
        for (Column column : after.columns()) {
            Optional.ofNullable(using.get(column.name())).ifPresent(text -> written.put(column.number(), text));
            Optional.ofNullable(read.get(column.name())).ifPresent(it -> meant.put(column.number(), it));
        }
        return new AlteredClone(
                source,
                PartitionTree.NONE,
                numberedAs(after),
                PartitionTree.NONE,
                after,
                tree,
                foreignKeys(after, tree, findings),
                written,
                meant);
    }

    private ForeignKeys foreignKeys(TableModel after, PartitionTree tree, Findings findings) throws SQLException {
        return new TargetForeignKeys(
                        session,
                        source.relation().oid(),
                        after.name(),
                        tree.isPartitioned(),
                        after.columns().stream().map(Column::name).collect(toSet()))
                .find(findings::shadowProblem);
    }

    /** The source's columns with the numbers that those of their names have in the new table, and numbers of nobody's if there are none. */
    private TableModel numberedAs(TableModel after) {
        List<Column> columns = new ArrayList<>();
        for (Column column : source.columns()) {
            int number = after.column(column.name()).map(Column::number).orElse(-column.number());
            columns.add(column.numbered(number));
        }
        return source.withColumns(columns);
    }
}
