package dev.walshift.engine.plan;

import static java.util.stream.Collectors.toSet;

import java.util.Optional;
import java.util.Set;

/** Tells by the catalogs what an ALTER makes the server do to the rows. */
final class StrategyChooser {
    private StrategyChooser() {}

    static Strategy choose(AlteredClone clone) {
        return isRewrite(clone) || isScan(clone) ? Strategy.SHADOW : Strategy.IN_PLACE;
    }

    static boolean isRewrite(AlteredClone clone) {
        return clone.before().relation().filenode() != clone.after().relation().filenode()
                || !clone.before()
                        .relation()
                        .tablespace()
                        .equals(clone.after().relation().tablespace());
    }

    /** Whether every row has to be looked at, under ACCESS EXCLUSIVE: a constraint to check, an index to build. */
    private static boolean isScan(AlteredClone clone) {
        Set<Long> files = clone.before().indexes().stream().map(Index::filenode).collect(toSet());
        boolean builds = clone.after().indexes().stream().anyMatch(index -> !files.contains(index.filenode()));
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

    private static boolean becomesNotNull(AlteredClone clone, Column column) {
        Optional<Column> source = clone.sourceOf(column);
        return column.notNull() && source.isPresent() && !source.orElseThrow().notNull();
    }
}
