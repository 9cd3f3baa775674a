package dev.walshift.postgres;

/** How a transaction sees others' work. */
public enum Isolation implements SqlPart {
    /** Each statement has its own snapshot. */
    READ_COMMITTED("READ COMMITTED"),
    /** One snapshot, taken by the first statement that needs one: LOCK TABLE does not. */
    REPEATABLE_READ("REPEATABLE READ");

    private final String sql;

    Isolation(String sql) {
        this.sql = sql;
    }

    @Override
    public String sql() {
        return sql;
    }
}
