package dev.walshift.engine.pace;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Replication slots of others that fall behind while we write WAL; what one kept already when we came is its own. */
final class OtherSlots implements Signal {
    private static final long MOST_BYTES = 1L << 30;

    /** wal_status is "unreserved" when the next checkpoint may remove what the slot needs. */
    private static final SqlTemplate SLOTS = SqlTemplate.of("""
        SELECT slot_name, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint,
               coalesce(wal_status = 'unreserved', false)
          FROM pg_replication_slots
         WHERE slot_name <> ?
        """);

    private final String own;
    private final Map<String, Slot> before = new HashMap<>();

    record Slot(String name, long bytes, boolean nearlyLost) {}

    /** @param own the name of our slot, whose lag has limits of its own */
    OtherSlots(String own) {
        this.own = own;
    }

    @Override
    public Reading measure(Session session, Tolerance tolerance) throws SQLException {
        return judge(session.query(SLOTS, row -> new Slot(row.getString(1), row.getLong(2), row.getBoolean(3)), own));
    }

    Reading judge(List<Slot> slots) {
        List<Reading> readings = new ArrayList<>();
        for (Slot slot : slots) {
            readings.add(judge(slot, before.computeIfAbsent(slot.name(), name -> slot)));
        }
        return Reading.worst(readings);
    }

    private static Reading judge(Slot slot, Slot first) {
        String reason = "replication slot %s is %s behind".formatted(slot.name(), Units.bytes(slot.bytes()));
        if (slot.nearlyLost() && !first.nearlyLost()) {
            return Reading.still(reason + " and about to lose WAL that it needs");
        }
        return slot.bytes() - first.bytes() > MOST_BYTES ? Reading.slow(reason) : Reading.FINE;
    }
}
