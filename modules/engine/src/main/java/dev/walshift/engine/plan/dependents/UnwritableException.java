package dev.walshift.engine.plan.dependents;

/** The definition of something that hangs on the source can't be written down for the new table. */
final class UnwritableException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String reason;
    private final String remedy;

    UnwritableException(String reason, String remedy) {
        super(reason);
        this.reason = reason;
        this.remedy = remedy;
    }

    /** One because of columns that are renamed, which the server can do in the source itself. */
    static UnwritableException renamed(String reason) {
        return new UnwritableException(
                "a column is renamed, and " + reason, "Run the RENAME by itself: it takes effect at once, in place");
    }

    String reason() {
        return reason;
    }

    String remedy() {
        return remedy;
    }
}
