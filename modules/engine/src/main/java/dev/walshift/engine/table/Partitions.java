package dev.walshift.engine.table;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import java.util.List;

/**
 * What a partitioned shadow consists of, all in the shadow's schema.
 *
 * @param tables all tables below it, each after the one that it is a partition of
 * @param leaves those of them that hold rows, in order of their OIDs
 * @param key columns of the shadow that tell the partition of a row: they are never null, and can be computed again from the source's
 *     row, so that a row can be looked for in one partition instead of all
 */
public record Partitions(List<QualifiedName> tables, List<QualifiedName> leaves, List<Identifier> key) {
    /** A plain shadow has none. */
    public static final Partitions NONE = new Partitions(List.of(), List.of(), List.of());

    public Partitions {
        tables = List.copyOf(tables);
        leaves = List.copyOf(leaves);
        key = List.copyOf(key);
    }
}
