package dev.walshift.engine.table;

import dev.walshift.postgres.QualifiedName;
import java.util.List;

/**
 * Where the source's rows are: in the table itself, or in those below a partitioned one.
 *
 * @param below all tables below a partitioned source, each after the one that it is a partition of; empty for a plain one
 * @param heaps the tables that hold rows, in order of their OIDs: a plain source itself
 */
public record SourceTree(List<QualifiedName> below, List<SourceHeap> heaps) {
    public SourceTree {
        below = List.copyOf(below);
        heaps = List.copyOf(heaps);
        if (heaps.isEmpty()) {
            throw new IllegalArgumentException("a source without a table that could hold rows");
        }
    }

    /** A plain table. */
    public static SourceTree of(SourceHeap table) {
        return new SourceTree(List.of(), List.of(table));
    }

    public boolean hasPartitions() {
        return !below.isEmpty();
    }

    /** The names of the tables that hold rows. */
    public List<QualifiedName> names() {
        return heaps.stream().map(heap -> heap.table().name()).toList();
    }

    /** Their OIDs. */
    public Long[] oids() {
        return heaps.stream().map(heap -> heap.table().oid()).toArray(Long[]::new);
    }
}
