package dev.walshift.engine.plan;

import dev.walshift.engine.table.ReplicaIdentity;
import dev.walshift.engine.table.SourceHeap;
import dev.walshift.engine.table.SourceTree;
import dev.walshift.engine.table.TableRef;
import dev.walshift.postgres.Identifier;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The tables that hold the source's rows, and what has to be done that the WAL tells which of them changed. */
final class SourceHeaps {
    private final AlteredClone clone;
    private final Index key;
    /** Each index that is a part of another one, and that one; all in one schema. */
    private final Map<Identifier, Identifier> parents = new HashMap<>();

    /** @param key the source's index on the identity key's columns */
    SourceHeaps(AlteredClone clone, Index key) {
        this.clone = clone;
        this.key = key;
        for (TableModel table : clone.sourceTree().tables()) {
            table.indexes()
                    .forEach(index -> index.marks().parent().ifPresent(parent -> parents.put(index.name(), parent)));
        }
    }

    SourceTree tree() {
        if (!clone.sourceTree().isPartitioned()) {
            return SourceTree.of(heap(clone.source()));
        }
        return new SourceTree(
                clone.sourceTree().tables().stream().map(TableModel::name).toList(),
                clone.sourceTree().leaves().stream().map(this::heap).toList());
    }

    private SourceHeap heap(TableModel table) {
        TableModel.Relation relation = table.relation();
        Optional<Identifier> index = tellsKey(table)
                ? Optional.empty()
                : Optional.of(part(table)
                        .orElseThrow(() -> new IllegalStateException(
                                "%s has no part of index %s".formatted(table.name(), key.name()))));
        return new SourceHeap(
                new TableRef(relation.oid(), relation.name(), relation.filenode()), relation.replicaIdentity(), index);
    }

    /** Whether its replica identity as it is tells the key's columns. */
    private boolean tellsKey(TableModel table) {
        ReplicaIdentity identity = table.relation().replicaIdentity();
        return switch (identity.kind()) {
            case FULL -> true;
            case INDEX -> isKey(identity.index().flatMap(table::index));
            case DEFAULT -> isKey(table.primaryKey());
            case NOTHING -> false;
        };
    }

    private boolean isKey(Optional<Index> index) {
        return index.filter(Index::plainKey).map(Index::keySet).equals(Optional.of(key.keySet()));
    }

    /** Its index that is, or is a part of, the key's. */
    private Optional<Identifier> part(TableModel table) {
        return table.indexes().stream()
                .map(Index::name)
                .filter(name -> top(name).equals(key.name()))
                .findFirst();
    }

    private Identifier top(Identifier index) {
        Identifier top = index;
        while (parents.containsKey(top)) {
            top = parents.getOrDefault(top, top);
        }
        return top;
    }
}
