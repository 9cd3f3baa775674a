package dev.walshift.engine.journal;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalLong;

/**
 * How far source and shadow are compared: two scans, each of which moves on in the same transaction that compared the pages before it.
 *
 * <p>What was compared once stays compared, whatever happens to a row afterwards: a change of it is logged and the row copied
 * again by a sync step, wherever in the two tables its versions lie. Only a copy that begins anew takes it back.
 *
 * <p>Any thread; each call brings its session.
 */
public final class VerifyProgress {
    private static final SqlTemplate CLEAR =
            SqlTemplate.of("DELETE FROM walshift.verify_scan WHERE migration_id = ? AND source_oid = ?");
    private static final SqlTemplate ADD = SqlTemplate.of("""
        INSERT INTO walshift.verify_scan (migration_id, source_oid, direction, seed, heap_pages, end_page)
        VALUES (?, ?, ?, ?, ?::bigint[], ?)
        """);
    private static final SqlTemplate ALL = SqlTemplate.of("""
        SELECT direction, seed, next_page, heap_pages, rows_compared
          FROM walshift.verify_scan
         WHERE migration_id = ? AND source_oid = ?
         ORDER BY direction = 'SHADOW_TO_SOURCE'
        """);
    private static final SqlTemplate ADVANCE = SqlTemplate.of("""
        UPDATE walshift.verify_scan
           SET next_page = ?, rows_compared = ?
         WHERE migration_id = ? AND source_oid = ? AND direction = ? AND next_page = ?
        """);

    private final long migration;
    private final long table;

    public VerifyProgress(long migration, long tableOid) {
        this.migration = migration;
        this.table = tableOid;
    }

    /** What a scan looks for, in the order in which they are done. */
    public enum Direction {
        /** Each row of the source has its image in the shadow. */
        SOURCE_TO_SHADOW,
        /** Each row of the shadow belongs to a row of the source. */
        SHADOW_TO_SOURCE
    }

    /**
     * One of the two scans.
     *
     * @param seed of the random sample; empty if every page is compared
     * @param nextPage the first page not yet looked at, counted through all heaps
     * @param heapPages how many pages each heap had when the scan began: one for a plain table, those of all leaves for a
     *     partitioned one. Rows on later pages were put there by sync steps
     * @param rowsCompared so far
     */
    public record Scan(Direction direction, OptionalLong seed, long nextPage, List<Long> heapPages, long rowsCompared) {
        public Scan {
            heapPages = List.copyOf(heapPages);
        }

        /** Behind the last page. */
        public long endPage() {
            return heapPages.stream().mapToLong(pages -> pages).sum();
        }

        public boolean isDone() {
            return nextPage >= endPage();
        }
    }

    /**
     * Begins both scans, in place of earlier ones.
     *
     * @param seed of a random sample; empty to compare every page
     * @param shadowPages of each of its heaps
     */
    public void begin(Session transaction, OptionalLong seed, List<Long> sourcePages, List<Long> shadowPages)
            throws SQLException {
        clear(transaction);
        add(transaction, Direction.SOURCE_TO_SHADOW, seed, sourcePages);
        add(transaction, Direction.SHADOW_TO_SOURCE, seed, shadowPages);
    }

    private void add(Session transaction, Direction direction, OptionalLong seed, List<Long> pages)
            throws SQLException {
        transaction.update(
                ADD,
                migration,
                table,
                direction.name(),
                seed.isPresent() ? seed.getAsLong() : null,
                pages.toArray(Long[]::new),
                pages.stream().mapToLong(heap -> heap).sum());
    }

    /** Both scans in their order, or nothing if none was begun. */
    public List<Scan> scans(Session session) throws SQLException {
        return session.query(ALL, VerifyProgress::scan, migration, table);
    }

    private static Scan scan(ResultSet row) throws SQLException {
        Long seed = row.getObject(2, Long.class);
        return new Scan(
                Direction.valueOf(row.getString(1)),
                seed == null ? OptionalLong.empty() : OptionalLong.of(seed),
                row.getLong(3),
                List.of((Long[]) row.getArray(4).getArray()),
                row.getLong(5));
    }

    /**
     * Notes, in the transaction that compared them and found them equal, that the pages up to {@code nextPage} are done.
     *
     * @return the scan as it is then
     * @throws IllegalStateException if somebody else moved it
     */
    public Scan advance(Session transaction, Scan scan, long nextPage, long rows) throws SQLException {
        long compared = scan.rowsCompared() + rows;
        long updated = transaction.update(
                ADVANCE, nextPage, compared, migration, table, scan.direction().name(), scan.nextPage());
        if (updated != 1) {
            throw new IllegalStateException(
                    "the scan %s of migration %d was moved by somebody else".formatted(scan, migration));
        }
        return new Scan(scan.direction(), scan.seed(), nextPage, scan.heapPages(), compared);
    }

    /** Forgets both scans: what they compared is to be copied again. */
    public void clear(Session transaction) throws SQLException {
        transaction.update(CLEAR, migration, table);
    }
}
