package dev.walshift.engine.verify;

import dev.walshift.postgres.SqlText;
import java.util.ArrayList;
import java.util.List;

/**
 * Heap pages that follow each other.
 *
 * @param from the first
 * @param to behind the last
 */
record PageRange(long from, long to) {
    PageRange {
        if (from < 0 || to <= from) {
            throw new IllegalArgumentException("pages %d to %d".formatted(from, to));
        }
    }

    long pages() {
        return to - from;
    }

    /** These pages in as many parts, but none smaller than a page. */
    List<PageRange> split(int parts) {
        int count = (int) Math.min(parts, pages());
        List<PageRange> split = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            split.add(new PageRange(from + pages() * i / count, from + pages() * (i + 1) / count));
        }
        return split;
    }

    SqlText firstRow() {
        return row(from);
    }

    SqlText behindLastRow() {
        return row(to);
    }

    private static SqlText row(long page) {
        return new SqlText("'(%d,0)'::tid".formatted(page));
    }
}
