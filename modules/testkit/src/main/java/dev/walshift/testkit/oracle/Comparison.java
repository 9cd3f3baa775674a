package dev.walshift.testkit.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What an oracle found.
 *
 * @param expectedRows in the truth
 * @param foundRows in the table
 * @param differenceCount all that were found
 * @param differences the first {@value #MAX_DIFFERENCES} of them
 */
public record Comparison(long expectedRows, long foundRows, long differenceCount, List<Difference> differences) {
    static final int MAX_DIFFERENCES = 20;

    public Comparison {
        differences = List.copyOf(differences);
    }

    /** Whether the table holds the truth and nothing else. */
    public boolean isExact() {
        return differenceCount == 0;
    }

    /**
     * Does nothing if {@link #isExact()}.
     *
     * @throws AssertionError with the first differences, otherwise
     */
    public void requireExact() {
        if (!isExact()) {
            throw new AssertionError(toString());
        }
    }

    @Override
    public String toString() {
        return "%d rows expected, %d found, %d differences%s"
                .formatted(
                        expectedRows,
                        foundRows,
                        differenceCount,
                        differences.stream().map(d -> "\n  " + d).collect(Collectors.joining()));
    }

    /** Collects differences while an oracle reads. One thread. */
    static final class Collector {
        private final List<Difference> first = new ArrayList<>();
        private long count;

        void add(Difference.Kind kind, String key, String detail) {
            count++;
            if (first.size() < MAX_DIFFERENCES) {
                first.add(new Difference(kind, key, detail));
            }
        }

        Comparison result(long expectedRows, long foundRows) {
            return new Comparison(expectedRows, foundRows, count, first);
        }
    }
}
