package dev.walshift.engine.table;

import dev.walshift.postgres.Identifier;
import java.util.Optional;

/**
 * A file of the source: that of a plain table, or of a table that holds rows of a partitioned one.
 *
 * @param table as it was when it was looked at
 * @param replicaIdentity before the migration. What the WAL tells of a row of a partitioned table is decided by the partition that it is in
 * @param replicaIdentityIndex the index to make its replica identity for the time of the migration, where its own does not tell which
 *     row changed; restored afterwards
 */
public record SourceHeap(TableRef table, ReplicaIdentity replicaIdentity, Optional<Identifier> replicaIdentityIndex) {
    /** The same with its present file. */
    SourceHeap withFilenode(long filenode) {
        return new SourceHeap(new TableRef(table.oid(), table.name(), filenode), replicaIdentity, replicaIdentityIndex);
    }

    /** What it has while the migration runs. */
    public ReplicaIdentity identityMeanwhile() {
        return replicaIdentityIndex
                .map(index -> new ReplicaIdentity(ReplicaIdentity.Kind.INDEX, Optional.of(index)))
                .orElse(replicaIdentity);
    }
}
