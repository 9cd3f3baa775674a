package dev.walshift.engine.plan;

import dev.walshift.engine.plan.dependents.ForeignKeys;
import dev.walshift.postgres.Identifier;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A clone of the source before and after the operator's ALTER, and so what the ALTER does.
 *
 * @param source the table itself
 * @param before the clone as created: its columns are the source's, in order
 * @param after the clone as altered
 * @param tree what is below it, if the operator's own DDL made it
 * @param foreignKeys out of it, into it and to itself
 * @param written each USING as the operator has it, by the column's number in the clone
 * @param using what each USING means, by the column's number in the clone, over the source's column names
 */
record AlteredClone(
        TableModel source,
        TableModel before,
        TableModel after,
        PartitionTree tree,
        ForeignKeys foreignKeys,
        Map<Integer, AlterAction.Using> written,
        Map<Integer, Expression> using) {
    AlteredClone {
        written = Map.copyOf(written);
        using = Map.copyOf(using);
    }

    /** The source's column that a column of the altered clone comes from, if it is not new. */
    Optional<Column> sourceOf(Column after) {
        return IntStream.range(0, before.columns().size())
                .filter(i -> before.columns().get(i).number() == after.number())
                .mapToObj(i -> source.columns().get(i))
                .findFirst();
    }

    /** Where statistics of the altered clone go in the swap: where the source has them, or with the table if they are new. */
    Identifier homeOf(Statistics after) {
        return IntStream.range(0, before.statistics().size())
                .filter(i -> before.statistics().get(i).name().equals(after.name()))
                .mapToObj(i -> source.statistics().get(i).name().schema())
                .findFirst()
                .orElse(source.name().schema());
    }

    /** What became of a column of the source, if it was not dropped. */
    Optional<Column> targetOf(Identifier sourceColumn) {
        return after.columns().stream()
                .filter(column -> sourceOf(column).map(Column::name).equals(Optional.of(sourceColumn)))
                .findFirst();
    }
}
