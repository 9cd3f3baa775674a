package dev.walshift.engine.pace;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The limits in effect.
 *
 * @param slotWalBytes WAL that the server keeps for the replication slot
 * @param keyLogBytes size of the key log on disk, indexes included
 * @param snapshotAge how long one transaction of ours may hold back the server's xmin horizon
 * @param time of one run
 * @param serverKeepsBytes what the server itself keeps for a slot before it gives the slot up; empty if it always keeps all
 */
public record Limits(
        Limit<Long> slotWalBytes,
        Limit<Long> keyLogBytes,
        Limit<Duration> snapshotAge,
        Limit<Duration> time,
        Optional<Long> serverKeepsBytes) {
    /** A key of 8 bytes takes about 70 in the log: some 150 million changes, which bulk steps apply in little more than an hour. */
    public static final long DEFAULT_KEY_LOG_BYTES = 10L << 30;

    /** Longer than index builds take but those of the largest tables; vacuum removes no row version that died meanwhile. */
    public static final Duration DEFAULT_SNAPSHOT_AGE = Duration.ofHours(2);

    /** Of what the server keeps: the rest is for what is written until we have noticed and the slot is dropped. */
    private static final int PERCENT_OF_SERVERS = 80;

    /** Less than this every slot keeps from time to time, as its restart_lsn moves with a record that is written every 15 s. */
    private static final long LEAST_OF_SERVERS = 64L << 20;

    private static final long LEAST_SLOT_WAL = 4L << 30;
    private static final long MOST_SLOT_WAL = 64L << 30;

    /** Whichever is larger (src/backend/access/transam/xlog.c, KeepLogSeg); -1 for "all". */
    private static final SqlTemplate SERVER_KEEPS = SqlTemplate.of("""
        SELECT CASE WHEN slots < 0 THEN -1 ELSE greatest(slots, everybody) END
          FROM (SELECT pg_size_bytes(current_setting('max_slot_wal_keep_size')),
                       pg_size_bytes(current_setting('wal_keep_size'))) AS keep (slots, everybody)
        """);

    /**
     * What the operator chose, and for the rest what is safe on this server for a table of this size.
     *
     * @param tableBytes of the table with its indexes: as much room as a second copy of it needs is taken to be there
     */
    public static Limits inEffect(Session session, Budgets chosen, long tableBytes) throws SQLException {
        long keeps = session.queryOne(SERVER_KEEPS, row -> row.getLong(1));
        Optional<Long> serverKeeps = keeps < 0 ? Optional.empty() : Optional.of(keeps);
        return new Limits(
                chosen.slotWalBytes().orElseGet(() -> Limit.at(defaultSlotWal(serverKeeps, tableBytes))),
                chosen.keyLogBytes().orElse(Limit.at(DEFAULT_KEY_LOG_BYTES)),
                chosen.snapshotAge().orElse(Limit.at(DEFAULT_SNAPSHOT_AGE)),
                chosen.timeInEffect(),
                serverKeeps);
    }

    static long defaultSlotWal(Optional<Long> serverKeeps, long tableBytes) {
        return serverKeeps
                .map(bytes -> Math.max(LEAST_OF_SERVERS, bytes / 100 * PERCENT_OF_SERVERS))
                .orElseGet(() -> Math.clamp(tableBytes, LEAST_SLOT_WAL, MOST_SLOT_WAL));
    }

    /**
     * What the operator should know of them beforehand.
     *
     * @param indexBytes of the table's indexes: about as much WAL as building them anew writes
     * @param longestBuild of a single index
     */
    public List<String> notices(long indexBytes, Duration longestBuild) {
        List<String> notices = new ArrayList<>();
        slotWalBytes
                .most()
                .filter(most -> indexBytes > most)
                .ifPresent(most -> notices.add("""
                    building the new table's indexes writes about %s of WAL, and while a build runs the server keeps all of it \
                    for the replication slot: more than the limit of %s, at which the migration gives itself up. Raise \
                    --max-slot-wal if there is room for it\
                    """.formatted(Units.bytes(indexBytes), Units.bytes(most))));
        snapshotAge
                .most()
                .filter(most -> longestBuild.compareTo(most) > 0)
                .ifPresent(most -> notices.add("""
                    building the largest index may take %s, and holds vacuum back for all of it: more than the limit of %s, at \
                    which the migration gives itself up. Raise --max-snapshot-age, or give --indexes-first\
                    """.formatted(Units.time(longestBuild), Units.time(most))));
        serverKeepsBytes
                .filter(keeps ->
                        slotWalBytes.most().isEmpty() || slotWalBytes.most().get() > keeps)
                .ifPresent(keeps -> notices.add("""
                    the server gives a replication slot up that needs more than %s of WAL (max_slot_wal_keep_size), which \
                    is less than --max-slot-wal allows; the migration would then have to begin anew\
                    """.formatted(Units.bytes(keeps))));
        return notices;
    }
}
