package dev.walshift.testkit.oracle;

import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.workload.WorkloadTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * What a migration should have made of a row: each column of the migrated table as a function of the original row. Values are
 * the server's text, empty for NULL. Immutable.
 */
public final class Expectation {
    /**
     * Computes a column's text from the original row, given by its original column names. For a key column only the original
     * key columns are given.
     */
    @FunctionalInterface
    public interface ColumnValue extends Function<Map<Identifier, Optional<String>>, Optional<String>> {}

    private final List<Identifier> keyColumns;
    private final Map<Identifier, ColumnValue> columns;

    private Expectation(List<Identifier> keyColumns, Map<Identifier, ColumnValue> columns) {
        this.keyColumns = List.copyOf(keyColumns);
        this.columns = columns;
    }

    /** All columns keep their names and their text, as they do when int becomes bigint. */
    public static Expectation unchanged(WorkloadTable table) {
        Map<Identifier, ColumnValue> columns = new LinkedHashMap<>();
        table.allColumns().forEach(column -> columns.put(column, original(column)));
        return new Expectation(table.keyColumns(), columns);
    }

    /** A column keeps its name, and its values are converted. */
    public Expectation converted(Identifier column, UnaryOperator<Optional<String>> conversion) {
        ColumnValue before = existing(column);
        return with(column, row -> conversion.apply(before.apply(row)));
    }

    /** A column that is computed from others, a new one or one whose values change. */
    public Expectation computed(Identifier column, ColumnValue value) {
        return with(column, value);
    }

    public Expectation renamed(Identifier from, Identifier to) {
        ColumnValue value = existing(from);
        List<Identifier> keys = new ArrayList<>(keyColumns);
        keys.replaceAll(key -> key.equals(from) ? to : key);
        Map<Identifier, ColumnValue> changed = new LinkedHashMap<>(columns);
        changed.remove(from);
        changed.put(to, value);
        return new Expectation(keys, changed);
    }

    /** A column that is gone, or that is not to be looked at. */
    public Expectation dropped(Identifier column) {
        existing(column);
        if (keyColumns.contains(column)) {
            throw new IllegalArgumentException("rows are matched by the key, so %s must stay".formatted(column));
        }
        Map<Identifier, ColumnValue> changed = new LinkedHashMap<>(columns);
        changed.remove(column);
        return new Expectation(keyColumns, changed);
    }

    private Expectation with(Identifier column, ColumnValue value) {
        Map<Identifier, ColumnValue> changed = new LinkedHashMap<>(columns);
        changed.put(column, value);
        return new Expectation(keyColumns, changed);
    }

    private ColumnValue existing(Identifier column) {
        return Optional.ofNullable(columns.get(column))
                .orElseThrow(() ->
                        new IllegalArgumentException("no column %s among %s".formatted(column, columns.keySet())));
    }

    private static ColumnValue original(Identifier column) {
        return row -> Optional.ofNullable(row.get(column))
                .orElseThrow(() -> new IllegalArgumentException("no column %s in the original row".formatted(column)));
    }

    /** The migrated key, in the order of {@link #allColumns()}. */
    List<Optional<String>> key(Map<Identifier, Optional<String>> originalKey) {
        return columns.entrySet().stream()
                .filter(column -> keyColumns.contains(column.getKey()))
                .map(column -> column.getValue().apply(originalKey))
                .toList();
    }

    /** The key's part of a migrated row. */
    List<Optional<String>> keyOf(List<Optional<String>> row) {
        List<Identifier> names = allColumns();
        return IntStream.range(0, names.size())
                .filter(i -> keyColumns.contains(names.get(i)))
                .mapToObj(row::get)
                .toList();
    }

    /** Names in the migrated table, the key's among them. */
    List<Identifier> allColumns() {
        return List.copyOf(columns.keySet());
    }

    /** The migrated row, in the order of {@link #allColumns()}. */
    List<Optional<String>> row(Map<Identifier, Optional<String>> original) {
        return columns.values().stream().map(value -> value.apply(original)).toList();
    }
}
