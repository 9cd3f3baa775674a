package dev.walshift.postgres;

/** A transaction id with its epoch (the server's {@code xid8}), so that it never wraps. */
public record Xid(long value) implements Comparable<Xid> {
    /** FrozenTransactionId (access/transam.h): visible in every snapshot. */
    public static final Xid FROZEN = new Xid(2);

    public static Xid parse(String text) {
        return new Xid(Long.parseUnsignedLong(text));
    }

    /**
     * The full id of a 32-bit xid as WAL and heap hold it, which lies within 2^31 of {@code near}.
     *
     * @param near any transaction of about the same time
     */
    public static Xid widen(int xid, Xid near) {
        int distance = xid - (int) near.value;
        return new Xid(near.value + distance);
    }

    @Override
    public int compareTo(Xid other) {
        return Long.compareUnsigned(value, other.value);
    }

    @Override
    public String toString() {
        return Long.toUnsignedString(value);
    }
}
