package dev.walshift.engine.plan;

import static java.util.stream.Collectors.toMap;

import dev.walshift.engine.table.ReplicaIdentity;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * A plain table as the catalogs have it: all that CREATE TABLE and its kin can make.
 *
 * @param constraints CHECK and (18) NOT NULL; those that rest on an index are with the index
 * @param indexes in order of creation
 * @param sequences owned by its columns
 */
record TableModel(
        Relation relation,
        List<Column> columns,
        List<Constraint> constraints,
        List<Index> indexes,
        List<ColumnSequence> sequences,
        List<Statistics> statistics) {
    TableModel {
        columns = List.copyOf(columns);
        constraints = List.copyOf(constraints);
        indexes = List.copyOf(indexes);
        sequences = List.copyOf(sequences);
        statistics = List.copyOf(statistics);
    }

    /**
     * The table itself.
     *
     * @param tablespace if not the database's default
     * @param options storage parameters, {@code name=value}
     * @param toastOptions those of its TOAST table
     */
    record Relation(
            long oid,
            QualifiedName name,
            long filenode,
            Identifier owner,
            Optional<Identifier> tablespace,
            ReplicaIdentity replicaIdentity,
            List<String> options,
            List<String> toastOptions,
            Optional<String> comment,
            List<Privilege> privileges) {
        Relation {
            options = List.copyOf(options);
            toastOptions = List.copyOf(toastOptions);
            privileges = List.copyOf(privileges);
        }
    }

    QualifiedName name() {
        return relation.name();
    }

    Optional<Column> column(Identifier name) {
        return columns.stream().filter(column -> column.name().equals(name)).findFirst();
    }

    Map<Integer, Column> columnsByNumber() {
        return columns.stream().collect(toMap(Column::number, Function.identity()));
    }

    Optional<Index> index(Identifier name) {
        return indexes.stream().filter(index -> index.name().equals(name)).findFirst();
    }

    Optional<Index> primaryKey() {
        return indexes.stream().filter(Index::isPrimaryKey).findFirst();
    }

    /** The identity sequence of a column. */
    Optional<ColumnSequence> identityOf(Identifier column) {
        return sequences.stream()
                .filter(sequence -> sequence.identity() && sequence.column().equals(column))
                .findFirst();
    }

    /** Whether NOT NULL is a constraint with a name here (18). */
    boolean namesNotNull() {
        return constraints.stream().anyMatch(constraint -> constraint.kind() == Constraint.Kind.NOT_NULL);
    }

    /** The sequence of a column, whichever way it owns it. */
    Optional<ColumnSequence> sequenceOf(Identifier column) {
        return identityOf(column)
                .or(() -> sequences.stream()
                        .filter(sequence -> sequence.column().equals(column))
                        .findFirst());
    }

    /** The same as another role's, with its statistics. */
    TableModel ownedBy(Identifier owner) {
        Relation owned = new Relation(
                relation.oid(),
                relation.name(),
                relation.filenode(),
                owner,
                relation.tablespace(),
                relation.replicaIdentity(),
                relation.options(),
                relation.toastOptions(),
                relation.comment(),
                relation.privileges());
        List<Statistics> theirs = statistics.stream()
                .map(it -> new Statistics(it.name(), owner, it.definition(), it.target(), it.comment()))
                .toList();
        return new TableModel(owned, columns, constraints, indexes, sequences, theirs);
    }

    /** The same as another relation. */
    TableModel withRelation(Relation other) {
        return new TableModel(other, columns, constraints, indexes, sequences, statistics);
    }

    /** The same with other sequences. */
    TableModel withSequences(List<ColumnSequence> others) {
        return new TableModel(relation, columns, constraints, indexes, others, statistics);
    }

    /** The same with other columns in another order. */
    TableModel withColumns(List<Column> ordered) {
        return new TableModel(relation, ordered, constraints, indexes, sequences, statistics);
    }
}
