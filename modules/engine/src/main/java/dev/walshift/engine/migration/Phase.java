package dev.walshift.engine.migration;

/** The stations of a migration, in order. */
public enum Phase {
    PLAN,
    PREPARE,
    COPY,
    INDEX,
    CATCH_UP,
    VERIFY,
    CUT_OVER,
    FINISH
}
