package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.changes.ReplicationSlot;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.pace.Limits;
import dev.walshift.engine.pace.Units;
import dev.walshift.engine.pace.WalPace;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Measures what a migration takes of the server, sets the pace by it, and says when a limit is reached.
 *
 * <p>{@link #look} by the watch's thread, {@link #warnings} by any.
 */
final class BudgetKeeper {
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    /** Each running-xacts record makes the decoder write a snapshot to the disk. */
    private static final Duration BETWEEN_HASTENINGS = Duration.ofSeconds(2);

    /** Part of a limit from which on people are told. */
    private static final double NEAR = 0.5;

    private static final SqlTemplate SIZE =
            SqlTemplate.of("SELECT coalesce(pg_total_relation_size(to_regclass({log})), 0)");

    private final Limits limits;
    private final SlotName slot;
    private final Blueprint table;
    private final WalPace pace;
    private final HeldSnapshots snapshots;
    private volatile List<String> warnings = List.of();
    private volatile String walWarning = "";
    private Optional<Long> leftBehind = Optional.empty();
    private long measuredAt = System.nanoTime() - INTERVAL.toNanos();
    private long hastenedAt = System.nanoTime() - BETWEEN_HASTENINGS.toNanos();

    BudgetKeeper(Limits limits, SlotName slot, Blueprint table, WalPace pace) {
        this.limits = limits;
        this.slot = slot;
        this.table = table;
        this.pace = pace;
        this.snapshots = new HeldSnapshots(table);
    }

    /** What is near its limit, for people; empty if nothing is. */
    String warnings() {
        List<String> all = new ArrayList<>(warnings);
        if (!walWarning.isEmpty()) {
            all.add(0, walWarning);
        }
        return String.join("; ", all);
    }

    /**
     * Looks at everything that is limited.
     *
     * @param slotWalBytes what the server keeps for the slot now
     * @return the limit that is reached, if there is one
     */
    Optional<MigrationException> look(Session session, long slotWalBytes) throws SQLException {
        Optional<MigrationException> reached = lookAtSlotWal(session, slotWalBytes);
        if (reached.isPresent() || System.nanoTime() - measuredAt < INTERVAL.toNanos()) {
            return reached;
        }
        measuredAt = System.nanoTime();
        List<String> near = new ArrayList<>();
        reached = lookAtKeyLog(session, near);
        if (reached.isEmpty()) {
            reached = lookAtSnapshots(session, near);
        }
        warnings = List.copyOf(near);
        return reached;
    }

    private Optional<MigrationException> lookAtSlotWal(Session session, long bytes) throws SQLException {
        pace.measured(bytes, limits.slotWalBytes());
        if (limits.slotWalBytes().most().isEmpty()) {
            return Optional.empty();
        }
        long most = limits.slotWalBytes().most().get();
        double part = (double) bytes / most;
        walWarning = part < NEAR ? "" : manner() + slotKeeps(bytes, most);
        if (part >= NEAR) {
            hasten(session);
        }
        return bytes > most + leftBehind(bytes, most) ? Optional.of(slotWalReached(bytes, most)) : Optional.empty();
    }

    /** What the slot kept while nobody ran is not of this run's making, and to go on reading is what sets it free. */
    private long leftBehind(long bytes, long most) {
        if (bytes <= most) {
            leftBehind = Optional.of(0L);
        }
        leftBehind = leftBehind.or(() -> Optional.of(bytes));
        return leftBehind.get();
    }

    private String manner() {
        if (!pace.slowsDown()) {
            return "";
        }
        return pace.share() == 0 ? "waiting until the slot moves: " : "slowed down: ";
    }

    private String slotKeeps(long bytes, long most) {
        return "the slot keeps %s of WAL, --max-slot-wal is %s".formatted(Units.bytes(bytes), Units.bytes(most));
    }

    /** The slot moves on with the server's next running-xacts record, which otherwise comes every 15 s. */
    private void hasten(Session session) throws SQLException {
        long now = System.nanoTime();
        if (now - hastenedAt >= BETWEEN_HASTENINGS.toNanos()) {
            hastenedAt = now;
            ReplicationSlot.hasten(session);
        }
    }

    private Optional<MigrationException> lookAtKeyLog(Session session, List<String> near) throws SQLException {
        if (limits.keyLogBytes().most().isEmpty()) {
            return Optional.empty();
        }
        long most = limits.keyLogBytes().most().get();
        long bytes =
                session.queryOne(SIZE.with("log", SqlText.literal(table.keyLog().sql())), row -> row.getLong(1));
        if (bytes > most * NEAR) {
            near.add("the log of changed keys takes %s, --max-key-log is %s"
                    .formatted(Units.bytes(bytes), Units.bytes(most)));
        }
        return bytes > most ? Optional.of(keyLogReached(bytes, most)) : Optional.empty();
    }

    private Optional<MigrationException> lookAtSnapshots(Session session, List<String> near) throws SQLException {
        if (limits.snapshotAge().most().isEmpty()) {
            return Optional.empty();
        }
        Duration most = limits.snapshotAge().most().get();
        Optional<HeldSnapshots.Held> oldest = snapshots.oldest(session);
        oldest.filter(held -> held.time().toNanos() > most.toNanos() * NEAR)
                .ifPresent(held -> near.add("\"%s\" has held back vacuum for %s, --max-snapshot-age is %s"
                        .formatted(held.application(), Units.time(held.time()), Units.time(most))));
        return oldest.filter(held -> held.time().compareTo(most) > 0).map(held -> snapshotAgeReached(held, most));
    }

    private MigrationException slotWalReached(long bytes, long most) {
        return reached(
                "replication slot %s makes the server keep %s of WAL, --max-slot-wal is %s"
                        .formatted(slot.slot(), Units.bytes(bytes), Units.bytes(most)),
                "See what held the slot back: a long transaction of the application (pg_stat_activity,"
                        + " pg_prepared_xacts) or the build of a large index. If there is room, raise --max-slot-wal");
    }

    private MigrationException keyLogReached(long bytes, long most) {
        return reached(
                "the log of changed keys takes %s, --max-key-log is %s: rows change faster than the copy comes to its end"
                        .formatted(Units.bytes(bytes), Units.bytes(most)),
                "Choose a time when less is written, or more --workers; if there is room, raise --max-key-log");
    }

    private static MigrationException snapshotAgeReached(HeldSnapshots.Held held, Duration most) {
        return reached(
                "\"%s\" (process %d) has held back the server's xmin horizon for %s, --max-snapshot-age is %s"
                        .formatted(held.application(), held.pid(), Units.time(held.time()), Units.time(most)),
                "If it was the build of an index: allow the server more maintenance_work_mem and"
                    + " max_parallel_maintenance_workers, drop an index that is not needed, or make it afterwards with"
                    + " CREATE INDEX CONCURRENTLY. If vacuum can wait longer, raise --max-snapshot-age");
    }

    private static MigrationException reached(String what, String remedy) {
        return new MigrationException(
                ProblemCode.BUDGET_EXCEEDED,
                what,
                "The source is untouched and the slot is dropped. %s. Then run again: the copy starts anew."
                        .formatted(remedy));
    }
}
