package dev.walshift.engine.table;

import dev.walshift.postgres.Xid;

/**
 * The line between the copy's business and the key log's: row versions written by a transaction older than {@code first} are
 * copied, all later ones come by the change stream.
 *
 * @param first an xid assigned after the replication slot existed, so that every transaction from it on is decoded
 */
public record XidFence(Xid first) {
    /** Half the 32-bit circle less a margin: beyond it the age of a row version could no longer be told. */
    public static final long MAX_AGE = 1_500_000_000L;
}
