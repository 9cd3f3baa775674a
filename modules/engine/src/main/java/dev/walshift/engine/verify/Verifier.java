package dev.walshift.engine.verify;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.ChunkSize;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;

/**
 * Compares the whole source with the whole shadow, a range of pages at a time, each in an exact step of its own so that no snapshot is
 * held for long. A row that changes between two ranges is compared as it was, or is re-copied by a later step.
 *
 * <p>{@link #run} by one thread; {@link #done} by any.
 */
public final class Verifier {
    private static final ChunkSize FIRST_RANGE = new ChunkSize(512, 1 << 17, Duration.ofMillis(500));

    private final Comparison comparison;
    private final Blueprint table;
    private volatile double done;

    public Verifier(Blueprint table) {
        this.table = table;
        this.comparison = new Comparison(table);
    }

    /** Runs something in an exact step. */
    @FunctionalInterface
    public interface ExactState {
        void in(InTransaction work) throws SQLException;
    }

    /** What is run in it. */
    @FunctionalInterface
    public interface InTransaction {
        void run(Session transaction) throws SQLException;
    }

    private interface Range {
        Optional<Difference> compare(Session transaction, long from, long to) throws SQLException;
    }

    /** The part that is done, 0 to 1. */
    public double done() {
        return done;
    }

    /**
     * Compares everything.
     *
     * @param session to look at the tables' sizes
     * @throws MigrationException with the keys of the first differences
     */
    public void run(Session session, ExactState exactState, StopSignal stop) throws SQLException {
        scan(comparison.sourcePages(session), 0.0, 0.5, comparison::sourceToShadow, exactState, stop);
        scan(comparison.shadowPages(session), 0.5, 0.5, comparison::shadowToSource, exactState, stop);
    }

    private void scan(long pages, double before, double share, Range range, ExactState exactState, StopSignal stop)
            throws SQLException {
        long from = 0;
        ChunkSize size = FIRST_RANGE;
        while (from < pages) {
            stop.check();
            long start = from;
            long end = Math.min(pages, from + size.pages());
            long[] nanos = new long[1];
            exactState.in(transaction -> {
                long began = System.nanoTime();
                Optional<Difference> difference = range.compare(transaction, start, end);
                nanos[0] = System.nanoTime() - began;
                if (difference.isPresent()) {
                    throw differs(difference.get());
                }
            });
            from = end;
            done = before + share * from / pages;
            size = size.after(Duration.ofNanos(nanos[0]));
        }
    }

    private MigrationException differs(Difference difference) {
        return new MigrationException(
                ProblemCode.DIFFERENCE_FOUND,
                "the new table is not equal to %s: %s, keys %s"
                        .formatted(
                                table.source().name(),
                                switch (difference.kind()) {
                                    case MISSING_OR_DIFFERENT_IN_SHADOW -> "rows are missing or differ";
                                    case NOT_IN_SOURCE -> "it has rows that the source has not";
                                },
                                difference.keys()),
                "This must not happen: nothing was swapped and the source is untouched. Please report it with the"
                        + " statement and the server's version.");
    }
}
