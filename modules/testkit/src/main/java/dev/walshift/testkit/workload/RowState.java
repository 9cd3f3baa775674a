package dev.walshift.testkit.workload;

/**
 * All that is needed to compute a row's values: a few numbers instead of kilobytes.
 *
 * @param token of the transaction that wrote the row last; 0 for a row as it was loaded
 * @param code {@code ~slot} for the code that the loaded row of that slot has, or else the token that the code was made from
 * @param payload {@code ~slot} for the payload that the loaded row of that slot has, or else twice the token that it was made
 *     from, plus one if it is a wide one
 * @param origin slot of the loaded row that this row descends from, by updates only; -1 if it was inserted later
 */
record RowState(int token, int code, long payload, int origin) {
    static final int INSERTED = -1;

    static RowState loaded(int slot) {
        return new RowState(0, ~slot, ~slot, slot);
    }

    static RowState inserted(int token, int code, boolean wide) {
        return new RowState(token, code, payload(token, wide), INSERTED);
    }

    RowState touched(int newToken) {
        return new RowState(newToken, code, payload, origin);
    }

    RowState withCode(int newCode, int newToken) {
        return new RowState(newToken, newCode, payload, origin);
    }

    RowState withPayload(int newToken, boolean wide) {
        return new RowState(newToken, code, payload(newToken, wide), origin);
    }

    /** The same content in a row that is inserted anew. */
    RowState reinserted(int newCode, int newToken) {
        return new RowState(newToken, newCode, payload, INSERTED);
    }

    private static long payload(int token, boolean wide) {
        return 2L * token + (wide ? 1 : 0);
    }
}
