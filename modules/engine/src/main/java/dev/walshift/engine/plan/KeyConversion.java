package dev.walshift.engine.plan;

import dev.walshift.engine.plan.Column.Base;
import java.util.Map;
import java.util.Optional;

/**
 * Which changes of type keep a key a key: each value stays itself, and no two become one. Otherwise a key that was deleted from
 * the source could, converted, hit another row of the shadow.
 */
final class KeyConversion {
    private static final long INT8 = 20;
    private static final long INT2 = 21;
    private static final long INT4 = 23;
    private static final long TEXT = 25;
    private static final long BPCHAR = 1042;
    private static final long VARCHAR = 1043;
    private static final long DATE = 1082;
    private static final long TIMESTAMP = 1114;
    private static final long NUMERIC = 1700;
    private static final long UUID = 2950;

    /** Longest text form. CAST to a shorter varchar would cut it silently. */
    private static final Map<Long, Integer> INTEGER_TEXT = Map.of(INT2, 6, INT4, 11, INT8, 20);

    private static final int UUID_TEXT = 36;
    private static final int ENUM_TEXT = 63;
    /** VARHDRSZ: the typmod of a length or a numeric is that much larger. */
    private static final int TYPMOD_OFFSET = 4;

    private static final int SCALE_BITS = 16;
    private static final int SCALE_MASK = 0x7ff;
    private static final int SCALE_SIGN = 1024;

    private KeyConversion() {}

    /** Whether every value of {@code from} has its own value of {@code to}, or none at all (the server then reports an error). */
    static boolean isOneToOne(Column from, Column to) {
        boolean sameBase = from.base().oid() == to.base().oid()
                && from.base().typmod() == to.base().typmod();
        if (sameBase && from.collation().equals(to.collation())) {
            return true;
        }
        if (!from.base().deterministic() || !to.base().deterministic()) {
            return false;
        }
        return sameBase || isOneToOne(from.base(), to.base());
    }

    private static boolean isOneToOne(Base from, Base to) {
        if (INTEGER_TEXT.containsKey(from.oid())) {
            return INTEGER_TEXT.containsKey(to.oid())
                    || (to.oid() == NUMERIC && (to.typmod() < 0 || scale(to) >= 0))
                    || holdsText(to, INTEGER_TEXT.get(from.oid()));
        }
        if (from.isEnum()) {
            return holdsText(to, ENUM_TEXT);
        }
        if (from.oid() == UUID) {
            return holdsText(to, UUID_TEXT);
        }
        if (from.oid() == TEXT || from.oid() == VARCHAR || from.oid() == BPCHAR) {
            Optional<Integer> length = length(from);
            return to.oid() == BPCHAR
                    ? from.oid() == BPCHAR && length(to).orElse(0) >= length.orElse(Integer.MAX_VALUE)
                    : holdsText(to, length.orElse(Integer.MAX_VALUE));
        }
        if (from.oid() == NUMERIC && to.oid() == NUMERIC) {
            return to.typmod() < 0 || (from.typmod() >= 0 && scale(to) >= scale(from));
        }
        return from.oid() == DATE && to.oid() == TIMESTAMP;
    }

    /** char(n) can't: it takes trailing blanks for nothing. */
    private static boolean holdsText(Base to, int length) {
        return to.oid() == TEXT || (to.oid() == VARCHAR && length(to).orElse(Integer.MAX_VALUE) >= length);
    }

    private static Optional<Integer> length(Base type) {
        return type.typmod() < 0 ? Optional.empty() : Optional.of(type.typmod() - TYPMOD_OFFSET);
    }

    /** Signed since 15 (numeric.c: numeric_typmod_scale); 14 has no negative ones. */
    private static int scale(Base numeric) {
        int low = (numeric.typmod() - TYPMOD_OFFSET) & ((1 << SCALE_BITS) - 1);
        return ((low & SCALE_MASK) ^ SCALE_SIGN) - SCALE_SIGN;
    }
}
