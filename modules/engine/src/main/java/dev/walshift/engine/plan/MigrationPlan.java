package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.table.TableRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What will be done, or why not.
 *
 * @param table the table as found; with {@code oid} 0 if it was not
 * @param statement the complete ALTER TABLE statement that will take effect
 * @param strategy the way
 * @param changes what the server says will change, one line each, for people
 * @param notices what the operator should know
 * @param problems what stands in the way; nothing is done unless this is empty
 * @param size of the table
 */
public record MigrationPlan(
        TableRef table,
        String statement,
        Strategy strategy,
        List<String> changes,
        List<String> notices,
        List<Problem> problems,
        Size size) {
    public MigrationPlan {
        changes = List.copyOf(changes);
        notices = List.copyOf(notices);
        problems = List.copyOf(problems);
    }

    /**
     * How large the table is.
     *
     * @param heapBytes main fork and TOAST
     * @param indexBytes all indexes
     * @param largestIndexBytes the largest of them
     * @param rows the planner's estimate
     */
    public record Size(long heapBytes, long indexBytes, long largestIndexBytes, long rows) {
        public static final Size NONE = new Size(0, 0, 0, 0);

        /** Of an index of some size, by one process, on a disk and a processor of the slower kind. */
        private static final long BUILT_BYTES_A_SECOND = 20L << 20;

        /** Heap, TOAST and indexes. */
        public long bytes() {
            return heapBytes + indexBytes;
        }

        /** How long the longest build of a single index may take, roughly. */
        public Duration longestBuild() {
            return Duration.ofSeconds(largestIndexBytes / BUILT_BYTES_A_SECOND);
        }
    }

    /** The same plan with one more problem. */
    public MigrationPlan withProblem(Problem problem) {
        List<Problem> more = new ArrayList<>(problems);
        more.add(problem);
        return new MigrationPlan(table, statement, strategy, changes, notices, more, size);
    }

    /** The same plan with more for the operator to know. */
    public MigrationPlan withNotices(List<String> others) {
        List<String> more = new ArrayList<>(notices);
        more.addAll(others);
        return new MigrationPlan(table, statement, strategy, changes, more, problems, size);
    }

    public boolean isPossible() {
        return problems.isEmpty();
    }
}
