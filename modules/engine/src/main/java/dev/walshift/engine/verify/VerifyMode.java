package dev.walshift.engine.verify;

/** How much of the tables is compared before the swap. */
public enum VerifyMode {
    /** Every row. */
    FULL,
    /** A random share of the pages, evenly spread; every row of a small table. */
    SAMPLE,
    /** Nothing. */
    OFF
}
