package dev.walshift.engine.table;

import dev.walshift.postgres.SqlText;
import java.util.List;

/** How a row of the shadow is made from a row of the source. Columns not named here get their default, or are generated. */
public record RowMapping(List<MappedColumn> columns) {
    public RowMapping {
        columns = List.copyOf(columns);
    }

    /** The shadow's columns, for INSERT. */
    public SqlText targets() {
        return SqlText.list(columns.stream().map(MappedColumn::target).toList());
    }

    /** Their values, for the SELECT beside it; INSERT casts as ALTER TYPE does, by assignment. */
    public SqlText expressions() {
        return SqlText.list(
                columns.stream().map(column -> column.expression().escaped()).toList());
    }

    /** The columns whose value can be computed again and compared. */
    public List<MappedColumn> repeatable() {
        return columns.stream().filter(MappedColumn::repeatable).toList();
    }
}
