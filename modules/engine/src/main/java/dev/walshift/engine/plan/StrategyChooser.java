package dev.walshift.engine.plan;

import static java.util.stream.Collectors.toSet;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Tells by the catalogs what an ALTER makes the server do to the rows. */
final class StrategyChooser {
    private StrategyChooser() {}

    static Strategy choose(AlteredClone clone) {
        return isRewrite(clone) || isScan(clone) ? Strategy.SHADOW : Strategy.IN_PLACE;
    }

    static boolean isRewrite(AlteredClone clone) {
        boolean moved = !clone.before()
                .relation()
                .tablespace()
                .equals(clone.after().relation().tablespace());
        // A partitioned table's is for partitions to come.
        return !files(clone.tablesBefore()).equals(files(clone.tablesAfter()))
                || (moved && !clone.beforeTree().isPartitioned());
    }

    private static Set<Long> files(List<TableModel> tables) {
        return tables.stream().map(table -> table.relation().filenode()).collect(toSet());
    }

    /** Whether every row has to be looked at, under ACCESS EXCLUSIVE: a constraint to check, an index to build. */
    private static boolean isScan(AlteredClone clone) {
        Set<Long> files = indexFiles(clone.tablesBefore());
        boolean builds = !files.containsAll(indexFiles(clone.tablesAfter()));
        Set<Long> constraints =
                clone.before().constraints().stream().map(Constraint::oid).collect(toSet());
        boolean checks = clone.after().constraints().stream()
                .anyMatch(constraint -> constraint.kind() == Constraint.Kind.CHECK
                        && constraint.validated()
                        && constraint.enforced()
                        && !constraints.contains(constraint.oid()));
        boolean notNull = clone.after().columns().stream().anyMatch(column -> becomesNotNull(clone, column));
        return builds || checks || notNull || clone.foreignKeys().isCheckWanted();
    }

    private static Set<Long> indexFiles(List<TableModel> tables) {
        return tables.stream()
                .flatMap(table -> table.indexes().stream())
                .map(Index::filenode)
                .collect(toSet());
    }

    private static boolean becomesNotNull(AlteredClone clone, Column column) {
        Optional<Column> source = clone.sourceOf(column);
        return column.notNull() && source.isPresent() && !source.orElseThrow().notNull();
    }
}
