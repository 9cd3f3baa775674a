package dev.walshift.engine.copy;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.journal.CopyProgress;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.SourceGuard;
import dev.walshift.engine.table.TableRef;
import dev.walshift.engine.table.XidFence;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.postgres.Xid;
import java.sql.SQLException;

/**
 * Copies a range of heap pages: of each row the version that is older than the fence, of which there is at most one at any time after
 * the fence, whatever snapshot each chunk has.
 *
 * <p>Any thread; each call brings its session.
 */
public final class FencedCopy {
    /**
     * Also pins the "now" that age() counts from: the server takes it once a transaction, from the xid of the transaction or, as long as
     * it has none, from the next xid to be assigned (GetStableLatestTransactionId, src/backend/access/transam/xact.c). With an own
     * xid, versions written by later transactions that our snapshot sees would have a negative age and pass for old.
     */
    private static final SqlTemplate CHECK = SqlTemplate.of("""
        SELECT pg_current_xact_id_if_assigned() IS NULL,
               pg_snapshot_xmax(pg_current_snapshot())::text::bigint - ?::bigint,
               age(?::xid8::xid)
        """);

    private static final SqlTemplate COPY = SqlTemplate.of("""
        INSERT INTO {shadow} ({targets})
        OVERRIDING SYSTEM VALUE
        SELECT {expressions}
          FROM ONLY {heap}
         WHERE ctid >= {from} AND ctid < {to}
           AND NOT (age(xmin) BETWEEN 0 AND age(?::xid8::xid))
        """);

    /**
     * What the predicate left out: versions written since the fence, whose keys come by the stream too, and frozen ones whose raw
     * xmin happens to fall into the window, whose keys come from nowhere else.
     */
    private static final SqlTemplate LEFT_OUT = SqlTemplate.of("""
        INSERT INTO {log} (log_xid, {logColumns})
        SELECT ?::xid8, {sourceColumns}
          FROM ONLY {heap}
         WHERE ctid >= {from} AND ctid < {to}
           AND age(xmin) BETWEEN 0 AND age(?::xid8::xid)
        """);

    private final Blueprint table;
    private final TableRef heap;
    private final XidFence fence;
    private final CopyProgress progress;

    /**
     * @param heap the one of the source's heaps to copy
     * @param progress of that heap
     */
    public FencedCopy(Blueprint table, TableRef heap, XidFence fence, CopyProgress progress) {
        this.table = table;
        this.heap = heap;
        this.fence = fence;
        this.progress = progress;
    }

    /**
     * What a chunk did.
     *
     * @param stripe as it is now
     * @param copied rows put into the shadow
     * @param leftOut keys put into the key log
     */
    public record Chunk(CopyProgress.Stripe stripe, long copied, long leftOut) {}

    /**
     * Copies the next {@code pages} of a stripe; rows, keys and progress commit together.
     *
     * @throws dev.walshift.engine.SourceRewrittenException if the source has another file
     */
    public Chunk copy(Session session, CopyProgress.Stripe stripe, long pages) throws SQLException {
        long end = Math.min(stripe.nextPage() + pages, stripe.endPage());
        return session.inTransaction(Isolation.REPEATABLE_READ, tx -> {
            String unused = SourceGuard.hold(tx, table);
            checkFence(tx);
            long copied = tx.update(pages(copyStatement(), stripe.nextPage(), end), fence.first());
            long leftOut = tx.update(pages(leftOutStatement(), stripe.nextPage(), end), Xid.FROZEN, fence.first());
            return new Chunk(progress.advance(tx, stripe, end, copied), copied, leftOut);
        });
    }

    private void checkFence(Session transaction) throws SQLException {
        boolean unused = transaction.queryOne(
                CHECK,
                row -> {
                    if (!row.getBoolean(1)) {
                        throw new IllegalStateException("a chunk's transaction has an xid before its first row");
                    }
                    if (row.getLong(2) > XidFence.MAX_AGE) {
                        throw new MigrationException(
                                ProblemCode.NOT_CONVERGING,
                                "the copy's fence is %d transactions old, too old to tell old row versions from new ones"
                                        .formatted(row.getLong(2)),
                                "Start the migration again, with more workers.");
                    }
                    return true;
                },
                Long.parseLong(fence.first().toString()),
                fence.first());
    }

    private SqlTemplate copyStatement() {
        return COPY.with("shadow", table.shadow())
                .with("targets", table.mapping().targets())
                .with("expressions", table.mapping().expressions())
                .with("heap", heap.name());
    }

    private SqlTemplate leftOutStatement() {
        return LEFT_OUT.with("log", table.keyLog())
                .with("logColumns", table.key().logColumns())
                .with("sourceColumns", table.key().sourceColumns())
                .with("heap", heap.name());
    }

    /** As literals: a TID range scan is chosen for parameters too, but tid has no JDBC type. */
    private static SqlTemplate pages(SqlTemplate statement, long from, long to) {
        return statement.with("from", tid(from)).with("to", tid(to));
    }

    private static SqlText tid(long page) {
        return new SqlText("'(%d,0)'::tid".formatted(page));
    }
}
