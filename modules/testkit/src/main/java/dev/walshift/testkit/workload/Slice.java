package dev.walshift.testkit.workload;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * The slots that one writer owns, those with {@code slot % writers == owner}: nobody else touches them, so what the writer
 * committed is the truth, whatever the others do. One thread at a time.
 */
final class Slice {
    private static final int ATTEMPTS = 50;

    private final int owner;
    private final int writers;
    private final Map<Integer, Optional<RowState>> changes = new HashMap<>();
    private final List<Integer> deleted = new ArrayList<>();
    private int loadedRows;
    private int nextSlot;
    private int nextToken;

    Slice(Truth start, int owner, int writers) {
        this.owner = owner;
        this.writers = writers;
        this.loadedRows = start.loadedRows();
        this.nextSlot = firstOwnedFrom(start.nextSlot());
        this.nextToken = firstOwnedFrom(start.nextToken());
        start.changes().forEach((slot, state) -> {
            if (slot % writers == owner) {
                put(slot, state);
            }
        });
    }

    private int firstOwnedFrom(int number) {
        return number + Math.floorMod(owner - number, writers);
    }

    /** Empty if there is no row in this slot. */
    Optional<RowState> state(int slot) {
        Optional<RowState> unchanged = slot < loadedRows ? Optional.of(RowState.loaded(slot)) : Optional.empty();
        return changes.getOrDefault(slot, unchanged);
    }

    /** Takes over what a transaction has committed. */
    void apply(Map<Integer, Optional<RowState>> committed) {
        committed.forEach(this::put);
    }

    private void put(int slot, Optional<RowState> state) {
        changes.put(slot, state);
        if (state.isEmpty()) {
            deleted.add(slot);
        }
    }

    /** All rows are gone. */
    void truncate() {
        loadedRows = 0;
        changes.clear();
        deleted.clear();
    }

    /** A number that no other transaction of any writer has. */
    int newToken() {
        int token = nextToken;
        nextToken = Math.addExact(nextToken, writers);
        return token;
    }

    /** A slot that was never used. */
    int newSlot() {
        int slot = nextSlot;
        nextSlot = Math.addExact(nextSlot, writers);
        return slot;
    }

    /** A committed row's slot, not one of {@code excluded}; empty if few or none are left. */
    OptionalInt pickRow(SplittableRandom random, Set<Integer> excluded) {
        return pickRow(random, excluded, ownedSlots());
    }

    /** As {@link #pickRow}, among the first {@code hotRows} slots only. */
    OptionalInt pickHotRow(SplittableRandom random, Set<Integer> excluded, int hotRows) {
        return pickRow(random, excluded, Math.min(hotRows, ownedSlots()));
    }

    private OptionalInt pickRow(SplittableRandom random, Set<Integer> excluded, int among) {
        for (int attempt = 0; attempt < ATTEMPTS && among > 0; attempt++) {
            int slot = owner + random.nextInt(among) * writers;
            if (state(slot).isPresent() && !excluded.contains(slot)) {
                return OptionalInt.of(slot);
            }
        }
        return OptionalInt.empty();
    }

    /** The slot of a row that was deleted, not one of {@code excluded}. */
    OptionalInt pickDeleted(SplittableRandom random, Set<Integer> excluded) {
        for (int attempt = 0; attempt < ATTEMPTS && !deleted.isEmpty(); attempt++) {
            int index = random.nextInt(deleted.size());
            int slot = deleted.get(index);
            if (state(slot).isPresent()) {
                // It has come back since.
                deleted.set(index, deleted.getLast());
                deleted.removeLast();
            } else if (!excluded.contains(slot)) {
                return OptionalInt.of(slot);
            }
        }
        return OptionalInt.empty();
    }

    private int ownedSlots() {
        return (nextSlot - owner) / writers;
    }

    Map<Integer, Optional<RowState>> changes() {
        return changes;
    }

    int loadedRows() {
        return loadedRows;
    }

    int nextSlot() {
        return nextSlot;
    }

    int nextToken() {
        return nextToken;
    }
}
