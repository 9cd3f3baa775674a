package dev.walshift.engine.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/**
 * Which of a table's pages are compared. A sample cuts the table into strata of equal size and takes a run of pages at a random place
 * of each, so that no part of the table is left out and no regular pattern in it can hide; the same seed gives the same pages, so that an
 * interrupted sample goes on.
 *
 * @param pages of the table
 * @param seed of the sample; empty to take all pages
 */
record PageSelection(long pages, OptionalLong seed) {
    /** Pages that are taken of each stratum. */
    static final int RUN = 8;

    /** A table has this many strata at least, or is small enough to be taken whole. */
    static final int LEAST_STRATA = 256;

    /** Of a large table a page in a hundred. */
    private static final long LARGEST_STRATUM = 100L * RUN;

    /** Each is a branch of a statement. */
    private static final int MOST_RUNS = 16;

    /**
     * What is compared in one step.
     *
     * @param ranges not empty
     * @param next where the step after it goes on; {@link #pages} if there is none
     */
    record Batch(List<PageRange> ranges, long next) {}

    /**
     * The next pages to compare.
     *
     * @param from the first page not yet looked at, below {@link #pages}
     * @param wanted how many pages to take at most, except that a run is never cut
     * @param parts how many ranges to make of pages that follow each other
     */
    Batch next(long from, long wanted, int parts) {
        if (isWhole()) {
            PageRange range = new PageRange(from, Math.min(pages, from + wanted));
            return new Batch(range.split(parts), range.to());
        }
        List<PageRange> runs = new ArrayList<>();
        long taken = 0;
        long stratum = from / stratumSize();
        do {
            PageRange run = run(stratum++);
            runs.add(run);
            taken += run.pages();
        } while (stratum * stratumSize() < pages && taken < wanted && runs.size() < MOST_RUNS);
        return new Batch(runs, Math.min(pages, stratum * stratumSize()));
    }

    private boolean isWhole() {
        return seed.isEmpty() || stratumSize() <= RUN;
    }

    private long stratumSize() {
        return Math.min(LARGEST_STRATUM, pages / LEAST_STRATA);
    }

    private PageRange run(long stratum) {
        long first = stratum * stratumSize();
        long size = Math.min(stratumSize(), pages - first);
        long length = Math.min(RUN, size);
        long start = first + new SplittableRandom(seed.orElseThrow() + stratum).nextLong(size - length + 1);
        return new PageRange(start, start + length);
    }
}
