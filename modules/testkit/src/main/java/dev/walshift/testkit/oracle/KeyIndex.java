package dev.walshift.testkit.oracle;

import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Finds the slot of a key without holding any key: a hash table of slots, whose keys are computed again when one is looked for.
 * 8 to 16 bytes for each row.
 */
final class KeyIndex {
    static final int NONE = -1;

    private final IntFunction<String> keyOfSlot;
    /** Slot + 1; 0 where there is none. */
    private final int[] table;

    /** @param slots {@code count} slots of different keys */
    KeyIndex(IntStream slots, long count, IntFunction<String> keyOfSlot) {
        this.keyOfSlot = keyOfSlot;
        this.table = new int[Integer.highestOneBit(Math.toIntExact(Math.max(1, count))) << 2];
        slots.forEach(slot -> {
            int place = place(keyOfSlot.apply(slot));
            while (table[place] != 0) {
                place = next(place);
            }
            table[place] = slot + 1;
        });
    }

    /** The slot of a key, or {@link #NONE}. */
    int find(String key) {
        for (int place = place(key); table[place] != 0; place = next(place)) {
            int slot = table[place] - 1;
            if (keyOfSlot.apply(slot).equals(key)) {
                return slot;
            }
        }
        return NONE;
    }

    private int place(String key) {
        int hash = key.hashCode() * 0x9E3779B9;
        return (hash ^ hash >>> 15) & table.length - 1;
    }

    private int next(int place) {
        return place + 1 & table.length - 1;
    }
}
