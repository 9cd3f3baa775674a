package dev.walshift.engine.plan;

import dev.walshift.engine.plan.dependents.ForeignKeys;
import dev.walshift.postgres.Identifier;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A clone of the source before and after the operator's ALTER, and so what the ALTER does.
 *
 * @param source the table itself
 * @param sourceTree what is below the table
 * @param before the clone as created: its columns are the source's, in order
 * @param beforeTree what was below it then
 * @param after the clone as altered
 * @param tree what is below it
 * @param foreignKeys out of it, into it and to itself
 * @param written each USING as the operator has it, by the column's number in the clone
 * @param using what each USING means, by the column's number in the clone, over the source's column names
 */
record AlteredClone(
        TableModel source,
        PartitionTree sourceTree,
        TableModel before,
        PartitionTree beforeTree,
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
        for (TableModel original : sourceTables()) {
            TableModel copy = tablesBefore().stream()
                    .filter(table ->
                            table.name().equals(original.name().in(table.name().schema())))
                    .findFirst()
                    .orElseThrow();
            for (int i = 0; i < copy.statistics().size(); i++) {
                if (copy.statistics().get(i).name().equals(after.name())) {
                    return original.statistics().get(i).name().schema();
                }
            }
        }
        return source.name().schema();
    }

    /** What became of a column of the source, if it was not dropped. */
    Optional<Column> targetOf(Identifier sourceColumn) {
        return after.columns().stream()
                .filter(column -> sourceOf(column).map(Column::name).equals(Optional.of(sourceColumn)))
                .findFirst();
    }

    /** The table and those below it. */
    List<TableModel> sourceTables() {
        return sourceTree.with(source);
    }

    /** The clone as created, and what was below it. */
    List<TableModel> tablesBefore() {
        return beforeTree.with(before);
    }

    /** The clone as altered, and what is below it. */
    List<TableModel> tablesAfter() {
        return tree.with(after);
    }
}
