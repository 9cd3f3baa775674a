package dev.walshift.engine.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The durable multiset of changed keys. */
final class KeyLog {
    /** For keys that the copy left out: visible in every snapshot. */
    static final long FROZEN = 2;

    record Entry(int id, int key, long xid) {}

    private final List<Entry> entries = new ArrayList<>();
    private int nextId;

    void append(int key, long xid) {
        entries.add(new Entry(nextId++, key, xid));
    }

    List<Entry> all() {
        return List.copyOf(entries);
    }

    List<Entry> visibleIn(Snapshot snapshot) {
        return entries.stream().filter(entry -> snapshot.sees(entry.xid())).toList();
    }

    void removeByRowId(List<Entry> applied) {
        entries.removeAll(applied);
    }

    void removeByKey(List<Entry> applied) {
        Set<Integer> keys = applied.stream().map(Entry::key).collect(Collectors.toSet());
        entries.removeIf(entry -> keys.contains(entry.key()));
    }
}
