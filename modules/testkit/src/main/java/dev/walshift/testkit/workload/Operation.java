package dev.walshift.testkit.workload;

/** What one transaction of a writer does. */
public enum Operation {
    INSERT,
    UPDATE,
    /** Updates one of a few rows that are updated all the time. */
    HOT_UPDATE,
    /** Replaces a payload by 2 to 20 kB that don't compress. */
    WIDE_UPDATE,
    /** Gives a row another primary key: one that was never used, or a deleted row's. */
    KEY_UPDATE,
    DELETE,
    /** Inserts a row with the key of a deleted one. */
    REINSERT,
    /** Exchanges two rows' unique values, by a placeholder or by delete and insert. */
    SWAP,
    /** Two to twenty changes. */
    MULTI_ROW,
    /** Some changes that are rolled back. */
    ROLLBACK,
    /** Changes before, between and after savepoints, some of them rolled back. */
    SAVEPOINT,
    /** A few changes under PREPARE TRANSACTION and COMMIT PREPARED. */
    PREPARED
}
