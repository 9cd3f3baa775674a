package dev.walshift.engine.verify;

import dev.walshift.postgres.QualifiedName;
import java.util.ArrayList;
import java.util.List;

/**
 * The files of a table, laid one behind the other, so that its pages can be counted through: one of a plain table, those of all leaves of a
 * partitioned one.
 *
 * @param tables in the order in which they are counted
 * @param pages how many each has
 */
record Heaps(List<QualifiedName> tables, List<Long> pages) {
    /** Of how many tables one step takes pages at most, unless they are a sample: each is a branch of a statement. */
    static final int MOST_AT_ONCE = 32;

    Heaps {
        tables = List.copyOf(tables);
        pages = List.copyOf(pages);
        if (tables.size() != pages.size()) {
            throw new IllegalArgumentException("%d tables, but pages of %d".formatted(tables.size(), pages.size()));
        }
    }

    /** Some pages of one table. */
    record Part(QualifiedName table, PageRange pages) {}

    /** All pages. */
    long total() {
        return pages.stream().mapToLong(count -> count).sum();
    }

    /** How many of the {@code wanted} pages from {@code from} on lie in {@link #MOST_AT_ONCE} tables. */
    long atOnce(long from, long wanted) {
        long end = 0;
        int met = 0;
        for (long count : pages) {
            end += count;
            met += count > 0 && end > from ? 1 : 0;
            if (met == MOST_AT_ONCE) {
                return Math.min(wanted, end - from);
            }
        }
        return wanted;
    }

    /** Where these pages, counted through all tables, are. */
    List<Part> locate(List<PageRange> ranges) {
        List<Part> parts = new ArrayList<>();
        for (PageRange range : ranges) {
            long begin = 0;
            for (int i = 0; i < tables.size(); i++) {
                long end = begin + pages.get(i);
                long from = Math.max(range.from(), begin);
                long to = Math.min(range.to(), end);
                if (from < to) {
                    parts.add(new Part(tables.get(i), new PageRange(from - begin, to - begin)));
                }
                begin = end;
            }
        }
        return parts;
    }
}
