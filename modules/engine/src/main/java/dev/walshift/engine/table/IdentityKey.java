package dev.walshift.engine.table;

import dev.walshift.postgres.SqlText;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The columns that identify a row and survive, one to one, in the shadow.
 *
 * @param columns in the order of the index
 */
public record IdentityKey(List<KeyColumn> columns) {
    public IdentityKey {
        columns = List.copyOf(columns);
        if (columns.isEmpty()) {
            throw new IllegalArgumentException("an identity key has at least one column");
        }
    }

    /** The columns' names in the source: {@code "id", "region"}. */
    public SqlText sourceColumns() {
        return SqlText.list(columns.stream().map(KeyColumn::source).toList());
    }

    /** The columns' names in the shadow. */
    public SqlText targetColumns() {
        return SqlText.list(columns.stream().map(KeyColumn::target).toList());
    }

    /** The shadow's key, as expressions over the source's columns. */
    public SqlText mapped() {
        return SqlText.list(columns.stream().map(KeyColumn::mapped).toList());
    }

    /** Column definitions for a table of keys with the source's own names. */
    public SqlText definitions() {
        return SqlText.list(columns.stream()
                .map(column ->
                        new SqlText(column.source().sql() + ' ' + column.type().sql()))
                .toList());
    }

    /** Column definitions for the key log, whose columns are called k1, k2, ... so that no name can clash. */
    public SqlText logDefinitions() {
        return SqlText.list(IntStream.range(0, columns.size())
                .mapToObj(i ->
                        new SqlText("k" + (i + 1) + ' ' + columns.get(i).type().sql()))
                .toList());
    }

    /** The key log's columns: {@code k1, k2}. */
    public SqlText logColumns() {
        return SqlText.list(IntStream.rangeClosed(1, columns.size())
                .mapToObj(i -> new SqlText("k" + i))
                .toList());
    }

    /** The key log's columns under the source's names: {@code k1 AS "id", k2 AS "region"}. */
    public SqlText logColumnsAsSource() {
        return SqlText.list(IntStream.range(0, columns.size())
                .mapToObj(i -> new SqlText(
                        "k" + (i + 1) + " AS " + columns.get(i).source().sql()))
                .toList());
    }
}
