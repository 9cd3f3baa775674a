package dev.walshift.postgres;

/** A position in the WAL, in bytes; printed as the server prints it, {@code 16/B374D848}. Compared unsigned. */
public record Lsn(long value) implements Comparable<Lsn> {
    /** Before any WAL: InvalidXLogRecPtr. */
    public static final Lsn ZERO = new Lsn(0);

    /**
     * Reads the server's text form.
     *
     * @throws IllegalArgumentException if {@code text} is not an LSN
     */
    public static Lsn parse(String text) {
        int slash = text.indexOf('/');
        try {
            long high = Long.parseLong(text.substring(0, slash), 16);
            long low = Long.parseLong(text.substring(slash + 1), 16);
            return new Lsn((high << 32) | low);
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            throw new IllegalArgumentException("not an LSN: " + text, e);
        }
    }

    /** WAL bytes from {@code earlier} to here; negative if it is later. */
    public long bytesSince(Lsn earlier) {
        return value - earlier.value;
    }

    public boolean isAfter(Lsn other) {
        return compareTo(other) > 0;
    }

    public static Lsn max(Lsn a, Lsn b) {
        return a.isAfter(b) ? a : b;
    }

    @Override
    public int compareTo(Lsn other) {
        return Long.compareUnsigned(value, other.value);
    }

    @Override
    public String toString() {
        return "%X/%X".formatted(value >>> 32, value & 0xFFFF_FFFFL);
    }
}
