package dev.walshift.testkit.workload;

/** What a column of a {@link WorkloadTable} is there for; its name is the table's own. */
public enum Column {
    /** text, unique in the general shape. */
    CODE,
    /** text, now and then wide enough to be stored out of line. */
    PAYLOAD,
    /** numeric(12,2), NULL in every seventh row. */
    AMOUNT,
    /** timestamptz, different after each write of a row. */
    TOUCHED,
    /** int, different after each write of a row in the general shape. */
    COUNTER
}
