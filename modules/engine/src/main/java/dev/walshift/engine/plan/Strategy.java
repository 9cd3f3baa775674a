package dev.walshift.engine.plan;

/** The way a change is made. */
public enum Strategy {
    /** A change of the catalog only: the ALTER itself under a short lock_timeout, tried again until the lock is granted. */
    IN_PLACE,
    /** A rewrite: shadow table, copy, change stream, swap. */
    SHADOW
}
