package dev.walshift.engine.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/** The conductor, from the slot to the swap, with some of its rules perhaps taken out. */
final class Migrator implements Actor {
    /** What must never happen. */
    enum Violation {
        /** The copy put a row into the shadow twice: its unique index can't be built. */
        ROW_TWICE,
        /** An exact step did not end in the state of the source that its snapshot shows. */
        NOT_EXACT,
        /** The tables were swapped, and a change of the application's is not in the new one. */
        LOST_UPDATE
    }

    /** A rule was broken; ends the schedule. */
    static final class ViolatedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final Violation violation;

        private ViolatedException(Violation violation, String detail) {
            super(violation + ": " + detail);
            this.violation = violation;
        }

        Violation violation() {
            return violation;
        }
    }

    private enum Stage {
        PREPARE,
        MAKE_SLOT,
        DRAW_FENCE,
        PASS_FENCE,
        COPY,
        BULK_READ,
        BULK_APPLY,
        TAKE_SNAPSHOT,
        EMIT_MARKER,
        APPLY,
        LOCK,
        MARK_UNDER_LOCK,
        SWAP,
        SWAPPED
    }

    private final Server server;
    private final Slot slot;
    private final Pump pump;
    private final KeyLog log;
    private final Set<Rule> rules;
    private final BooleanSupplier writersAreIdle;
    private final RandomGenerator random;
    private final Map<Integer, Integer> shadow = new TreeMap<>();
    private final List<Integer> pagesLeft = new ArrayList<>();

    private Stage stage = Stage.PREPARE;
    private int earlyPages;
    private long fence;
    private Snapshot snapshot;
    private int marker;
    private List<KeyLog.Entry> batch = List.of();
    private int stepsLeft;

    Migrator(
            Server server,
            Slot slot,
            Pump pump,
            KeyLog log,
            Set<Rule> rules,
            BooleanSupplier writersAreIdle,
            RandomGenerator random) {
        this.server = server;
        this.slot = slot;
        this.pump = pump;
        this.log = log;
        this.rules = rules;
        this.writersAreIdle = writersAreIdle;
        this.random = random;
        this.snapshot = server.snapshot();
        this.stepsLeft = random.nextInt(4);
    }

    boolean isDone() {
        return stage == Stage.SWAPPED;
    }

    boolean holdsLock() {
        return stage == Stage.MARK_UNDER_LOCK || stage == Stage.SWAP || stage == Stage.SWAPPED;
    }

    @Override
    public boolean canStep() {
        return switch (stage) {
            case MAKE_SLOT -> slot.canAdvance();
            case PASS_FENCE -> !holds(Rule.FENCE_WAIT) || server.snapshot().xmin() >= fence;
            case APPLY, SWAP -> !holds(Rule.MARKER) || pump.hasPassed(marker);
            case LOCK -> writersAreIdle.getAsBoolean();
            case SWAPPED -> false;
            default -> true;
        };
    }

    @Override
    public String step() {
        return switch (stage) {
            case PREPARE -> prepare();
            case MAKE_SLOT -> makeSlot();
            case DRAW_FENCE -> drawFence();
            case PASS_FENCE -> beginCopy();
            case COPY -> copyPage();
            case BULK_READ -> readBatch();
            case BULK_APPLY -> applyBatch();
            case TAKE_SNAPSHOT -> takeSnapshot();
            case EMIT_MARKER -> emitMarker(Stage.APPLY);
            case APPLY -> applyExactly();
            case LOCK -> lock();
            case MARK_UNDER_LOCK -> emitMarker(Stage.SWAP);
            case SWAP -> swap();
            case SWAPPED -> throw new IllegalStateException("it is over");
        };
    }

    private boolean holds(Rule rule) {
        return rules.contains(rule);
    }

    private String prepare() {
        earlyPages = server.pages();
        if (!holds(Rule.SLOT_BEFORE_FENCE)) {
            fence = server.begin();
            server.commitEmpty(fence);
        }
        stage = Stage.MAKE_SLOT;
        return "migration begins";
    }

    private String makeSlot() {
        slot.advance();
        if (slot.isConsistent()) {
            stage = holds(Rule.SLOT_BEFORE_FENCE) ? Stage.DRAW_FENCE : Stage.PASS_FENCE;
            return "slot is consistent at " + slot.consistentAt();
        }
        return "slot waits for what runs";
    }

    private String drawFence() {
        if (holds(Rule.FENCE_IS_OWN_XID)) {
            fence = server.begin();
            server.commitEmpty(fence);
        } else {
            fence = server.snapshot().xmax();
        }
        stage = Stage.PASS_FENCE;
        return "fence " + fence;
    }

    private String beginCopy() {
        int pages = holds(Rule.PAGES_COUNTED_LAST) ? server.pages() : earlyPages;
        for (int page = 0; page < pages; page++) {
            pagesLeft.add(page);
        }
        Collections.shuffle(pagesLeft, random);
        stage = Stage.COPY;
        return "copy of %d pages begins".formatted(pages);
    }

    /** A snapshot of its own for each page; what it sees on a page does not change while it reads, so a page is one step. */
    private String copyPage() {
        int page = pagesLeft.removeLast();
        server.visible(server.snapshot())
                .filter(version -> version.page == page)
                .forEach(this::copy);
        if (pagesLeft.isEmpty()) {
            stage = stepsLeft > 0 ? Stage.BULK_READ : Stage.LOCK;
        }
        return "page %d is copied".formatted(page);
    }

    private void copy(Server.Version version) {
        if (version.xmin >= fence) {
            log.append(version.key, KeyLog.FROZEN);
        } else if (shadow.put(version.key, version.payload) != null) {
            throw new ViolatedException(Violation.ROW_TWICE, "row %d was copied twice".formatted(version.key));
        }
    }

    private String readBatch() {
        batch = holds(Rule.VISIBILITY_CHECK) ? log.visibleIn(server.snapshot()) : log.all();
        stage = Stage.BULK_APPLY;
        return "bulk step reads " + batch;
    }

    private String applyBatch() {
        apply(batch, server.rows(server.snapshot()));
        stage = holds(Rule.MARKER_AFTER_SNAPSHOT) ? Stage.TAKE_SNAPSHOT : Stage.EMIT_MARKER;
        return "bulk step applies";
    }

    private String takeSnapshot() {
        snapshot = server.snapshot();
        stage = holds(Rule.MARKER_AFTER_SNAPSHOT) ? Stage.EMIT_MARKER : Stage.APPLY;
        return "exact step with " + snapshot;
    }

    private String emitMarker(Stage then) {
        marker = server.commitEmpty(server.begin());
        stage = then == Stage.APPLY && !holds(Rule.MARKER_AFTER_SNAPSHOT) ? Stage.TAKE_SNAPSHOT : then;
        return "marker at " + marker;
    }

    private String applyExactly() {
        List<KeyLog.Entry> keys = holds(Rule.VISIBILITY_CHECK) ? log.visibleIn(snapshot) : log.all();
        Map<Integer, Integer> source = server.rows(snapshot);
        apply(keys, source);
        compare(Violation.NOT_EXACT, source);
        stepsLeft--;
        stage = stepsLeft > 0 ? Stage.BULK_READ : Stage.LOCK;
        return "exact step applies " + keys;
    }

    private void apply(List<KeyLog.Entry> entries, Map<Integer, Integer> source) {
        Set<Integer> keys = new TreeSet<>();
        entries.forEach(entry -> keys.add(entry.key()));
        shadow.keySet().removeAll(keys);
        source.forEach((key, payload) -> {
            if (keys.contains(key)) {
                shadow.put(key, payload);
            }
        });
        if (holds(Rule.REMOVAL_BY_ROW_ID)) {
            log.removeByRowId(entries);
        } else {
            log.removeByKey(entries);
        }
    }

    /** Granted when every transaction that wrote has ended; nobody writes from then on. */
    private String lock() {
        stage = Stage.MARK_UNDER_LOCK;
        return "lock";
    }

    /** All that is in the log, since under the lock every writer is visible. */
    private String swap() {
        Map<Integer, Integer> source = server.rows(server.snapshot());
        apply(log.all(), source);
        compare(Violation.LOST_UPDATE, source);
        stage = Stage.SWAPPED;
        return "swap";
    }

    private void compare(Violation violation, Map<Integer, Integer> source) {
        if (!shadow.equals(source)) {
            throw new ViolatedException(violation, "the source has %s, the shadow %s".formatted(source, shadow));
        }
    }
}
