package dev.walshift.engine.journal;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Which pages of one of a source's heaps are copied: it is cut into a bounded number of stripes, and each stripe's next page moves in the
 * same transaction that copies the pages before it.
 */
public final class CopyProgress {
    /** Enough that workers end at about the same time, few enough that the journal stays small. */
    static final int STRIPES = 64;

    private static final SqlTemplate CLEAR =
            SqlTemplate.of("DELETE FROM walshift.stripe WHERE migration_id = ? AND source_oid = ?");
    private static final SqlTemplate ADD = SqlTemplate.of("""
        INSERT INTO walshift.stripe (migration_id, source_oid, stripe, next_page, end_page)
        VALUES (?, ?, ?, ?, ?)
        """);
    private static final SqlTemplate ALL = SqlTemplate.of("""
        SELECT stripe, next_page, end_page, rows_copied
          FROM walshift.stripe
         WHERE migration_id = ? AND source_oid = ?
         ORDER BY stripe
        """);
    private static final SqlTemplate ADVANCE = SqlTemplate.of("""
        UPDATE walshift.stripe
           SET next_page = ?, rows_copied = rows_copied + ?
         WHERE migration_id = ? AND source_oid = ? AND stripe = ? AND next_page = ?
        """);

    private final long migration;
    private final long table;

    /** @param heapOid the table that holds the rows */
    public CopyProgress(long migration, long heapOid) {
        this.migration = migration;
        this.table = heapOid;
    }

    /**
     * A run of heap pages that one worker copies in order.
     *
     * @param number its number
     * @param nextPage the first page not yet copied
     * @param endPage behind its last page
     * @param rowsCopied so far
     */
    public record Stripe(int number, long nextPage, long endPage, long rowsCopied) {
        public boolean isDone() {
            return nextPage >= endPage;
        }
    }

    /** Cuts {@code pages} heap pages into stripes, none of them copied. */
    public void begin(Session transaction, long pages) throws SQLException {
        begin(transaction, pages, pages);
    }

    /**
     * The same for one of several heaps: all together have about as many stripes as a single one.
     *
     * @param total pages of all heaps
     */
    public void begin(Session transaction, long pages, long total) throws SQLException {
        transaction.update(CLEAR, migration, table);
        long share = total == 0 ? 0 : Math.ceilDiv(STRIPES * pages, total);
        for (Stripe stripe : cut(pages, share)) {
            transaction.update(ADD, migration, table, stripe.number(), stripe.nextPage(), stripe.endPage());
        }
    }

    static List<Stripe> cut(long pages, long most) {
        int count = (int) Math.min(most, pages);
        List<Stripe> stripes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            stripes.add(new Stripe(i, pages * i / count, pages * (i + 1) / count, 0));
        }
        return stripes;
    }

    public List<Stripe> stripes(Session session) throws SQLException {
        return session.query(
                ALL,
                row -> new Stripe(row.getInt(1), row.getLong(2), row.getLong(3), row.getLong(4)),
                migration,
                table);
    }

    /** Rows copied so far. */
    public long rowsCopied(Session session) throws SQLException {
        return stripes(session).stream().mapToLong(Stripe::rowsCopied).sum();
    }

    /**
     * Notes, in the transaction that copied them, that the pages from {@code stripe.nextPage()} to {@code nextPage} are done.
     *
     * @return the stripe as it is then
     * @throws IllegalStateException if somebody else copied them
     */
    public Stripe advance(Session transaction, Stripe stripe, long nextPage, long rows) throws SQLException {
        long updated =
                transaction.update(ADVANCE, nextPage, rows, migration, table, stripe.number(), stripe.nextPage());
        if (updated != 1) {
            throw new IllegalStateException(
                    "stripe %d of migration %d was advanced by somebody else".formatted(stripe.number(), migration));
        }
        return new Stripe(stripe.number(), nextPage, stripe.endPage(), stripe.rowsCopied() + rows);
    }
}
