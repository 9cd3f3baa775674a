package dev.walshift.testkit.oracle;

/**
 * One row that is not as it should be.
 *
 * @param key the row's key, or the row itself where there is no key
 * @param detail what is wrong with it
 */
public record Difference(Kind kind, String key, String detail) {
    /** In what way a row is wrong. */
    public enum Kind {
        /** Committed, but not in the table. */
        MISSING,
        /** In the table, but never committed, or deleted since, or there twice. */
        UNEXPECTED,
        /** Other values than those committed. */
        DIFFERENT
    }
}
