package dev.walshift.engine.copy;

import dev.walshift.engine.StopSignal;
import dev.walshift.engine.Workers;
import dev.walshift.engine.journal.CopyProgress;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.pace.Pace;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.ChunkSize;
import dev.walshift.engine.table.DataRejected;
import dev.walshift.engine.table.SourceHeap;
import dev.walshift.engine.table.TableRef;
import dev.walshift.engine.table.XidFence;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Copies what a source held before the fence, by parallel workers, each chunk in a short transaction of its own.
 *
 * <p>{@link #run} by one thread; the figures by any.
 */
public final class TableCopier {
    /**
     * The upper bound keeps the chunk's own changes below logical_decoding_work_mem (64 MB unless set), so that decoding our copy never
     * spills to disk.
     */
    private static final ChunkSize FIRST_CHUNK = new ChunkSize(64, 2048, Duration.ofMillis(250));

    /** A chunk that a crash of the server takes back is copied again, so its commit need not wait for the disk. */
    private static final SqlTemplate ASYNCHRONOUS = SqlTemplate.of("SET synchronous_commit = off");

    /** A page of 8 kB with short rows makes twice its size of WAL, as each row's record has a header of its own. */
    private static final long WAL_PER_PAGE = 16 << 10;

    private final Database database;
    private final Blueprint table;
    private final XidFence fence;
    private final long migration;
    private final KeyLog keyLog;
    private final Pace pace;
    private final AtomicLong rowsCopied = new AtomicLong();
    private final AtomicLong pagesDone = new AtomicLong();
    private final AtomicLong pagesTotal = new AtomicLong();

    public TableCopier(Database database, Blueprint table, XidFence fence, long migration, KeyLog keyLog, Pace pace) {
        this.database = database;
        this.table = table;
        this.fence = fence;
        this.migration = migration;
        this.keyLog = keyLog;
        this.pace = pace;
    }

    public long rowsCopied() {
        return rowsCopied.get();
    }

    /** The part that is done, 0 to 1. */
    public double done() {
        long total = pagesTotal.get();
        return total == 0 ? 0 : (double) pagesDone.get() / total;
    }

    /**
     * A part of a heap that one worker copies.
     *
     * @param stripe not begun, or as an earlier process left it
     */
    private record Share(TableRef heap, CopyProgress progress, CopyProgress.Stripe stripe) {}

    /**
     * Copies all stripes that are not done yet.
     *
     * @param session to read the progress
     * @throws dev.walshift.engine.StoppedException if stopped between two chunks
     * @throws dev.walshift.engine.SourceRewrittenException if the copy has to begin again
     */
    public void run(Session session, int workers, StopSignal stop) throws SQLException {
        List<Share> shares = new ArrayList<>();
        for (SourceHeap heap : table.sourceTree().heaps()) {
            CopyProgress progress = new CopyProgress(migration, heap.table().oid());
            List<CopyProgress.Stripe> stripes = progress.stripes(session);
            count(stripes);
            stripes.stream()
                    .filter(stripe -> !stripe.isDone())
                    .forEach(stripe -> shares.add(new Share(heap.table(), progress, stripe)));
        }
        ConcurrentLinkedQueue<Share> queue = new ConcurrentLinkedQueue<>(shares);
        List<Workers.Task> tasks = Collections.nCopies(workers, signal -> work(queue, signal));
        Workers.run("copy", stop, tasks, signal -> {});
    }

    private void count(List<CopyProgress.Stripe> stripes) {
        long pages = 0;
        long left = 0;
        long rows = 0;
        for (CopyProgress.Stripe stripe : stripes) {
            pages = Math.max(pages, stripe.endPage());
            left += stripe.endPage() - stripe.nextPage();
            rows += stripe.rowsCopied();
        }
        pagesTotal.addAndGet(pages);
        pagesDone.addAndGet(pages - left);
        rowsCopied.addAndGet(rows);
    }

    private void work(ConcurrentLinkedQueue<Share> queue, StopSignal stop) throws SQLException {
        try (Session session = database.open("copy")) {
            session.execute(ASYNCHRONOUS);
            ChunkSize size = FIRST_CHUNK;
            Optional<Share> next = Optional.ofNullable(queue.poll());
            while (next.isPresent()) {
                size = copy(session, next.get(), size, stop);
                next = Optional.ofNullable(queue.poll());
            }
        } catch (SQLException e) {
            throw DataRejected.explain(table, e);
        }
    }

    /** Returns the size of the next chunk, of whatever part. */
    private ChunkSize copy(Session session, Share share, ChunkSize first, StopSignal stop) throws SQLException {
        FencedCopy copy = new FencedCopy(table, share.heap(), fence, share.progress());
        CopyProgress.Stripe stripe = share.stripe();
        ChunkSize size = first;
        Duration took = Duration.ZERO;
        while (!stripe.isDone()) {
            long pages = pace.admit(took, size.pages() * WAL_PER_PAGE, stop) / WAL_PER_PAGE;
            long began = System.nanoTime();
            FencedCopy.Chunk chunk = copy.copy(session, stripe, pages);
            took = Duration.ofNanos(System.nanoTime() - began);
            if (pages == size.pages()) {
                size = size.after(took);
            }
            note(stripe, chunk);
            stripe = chunk.stripe();
        }
        return size;
    }

    private void note(CopyProgress.Stripe before, FencedCopy.Chunk chunk) {
        rowsCopied.addAndGet(chunk.copied());
        pagesDone.addAndGet(chunk.stripe().nextPage() - before.nextPage());
        keyLog.appended(chunk.leftOut());
    }
}
