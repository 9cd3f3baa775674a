package dev.walshift.testkit.workload;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a table must hold: the rows that were loaded, computed by a pure function, and what writers committed since. Memory
 * grows with the rows that were changed only. Immutable, any thread.
 */
public final class Truth {
    private static final int BATCH_ROWS = 500;

    private final WorkloadTable table;
    private final int loadedRows;
    private final Map<Integer, Optional<RowState>> changes;
    private final int nextSlot;
    private final int nextToken;

    Truth(WorkloadTable table, int loadedRows, Map<Integer, Optional<RowState>> changes, int nextSlot, int nextToken) {
        this.table = table;
        this.loadedRows = loadedRows;
        this.changes = Collections.unmodifiableMap(new HashMap<>(changes));
        this.nextSlot = nextSlot;
        this.nextToken = nextToken;
    }

    /** The truth about a table just created with {@code rows} rows. */
    static Truth loaded(WorkloadTable table, int rows) {
        if (rows < 0) {
            throw new IllegalArgumentException("rows must be 0 or more, got %d".formatted(rows));
        }
        return new Truth(table, rows, Map.of(), rows, 1);
    }

    public WorkloadTable table() {
        return table;
    }

    /** Slots of rows that exist, in ascending order. */
    public IntStream slots() {
        return IntStream.range(0, nextSlot).filter(slot -> state(slot).isPresent());
    }

    /** The number of rows. */
    public long rows() {
        return slots().count();
    }

    /** The key of a slot by the column names of {@link #table()}, whether or not there is such a row. */
    public Map<Identifier, Optional<String>> key(int slot) {
        Map<Identifier, Optional<String>> key = new LinkedHashMap<>();
        List<String> values = table.keyKind().key(slot);
        for (int i = 0; i < values.size(); i++) {
            key.put(table.keyColumns().get(i), Optional.of(values.get(i)));
        }
        return key;
    }

    /**
     * A row as the server prints it when DateStyle is ISO and TimeZone is UTC, by the column names of {@link #table()}, key
     * columns first; empty values are NULL.
     *
     * @throws IllegalArgumentException if there is no such row
     */
    public Map<Identifier, Optional<String>> row(int slot) {
        RowState state = state(slot)
                .orElseThrow(() -> new IllegalArgumentException("there is no row in slot %d".formatted(slot)));
        Map<Identifier, Optional<String>> row = key(slot);
        for (Column column : Column.values()) {
            row.put(table.column(column), value(state, column));
        }
        return row;
    }

    private Optional<String> value(RowState state, Column column) {
        if (table.written().contains(column)) {
            return table.content().value(state, column);
        }
        return state.origin() == RowState.INSERTED
                ? Optional.empty()
                : table.content().value(RowState.loaded(state.origin()), column);
    }

    /**
     * Creates a table with the original columns and primary key under another name, and inserts the truth's rows.
     *
     * @param connection in auto-commit mode
     */
    public void load(Connection connection, QualifiedName target) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(table.createTable(target).sql());
        }
        List<SqlText> places =
                table.allColumns().stream().map(column -> new SqlText("?")).toList();
        String insert = SqlTemplate.of("INSERT INTO {target} ({columns}) VALUES ({places})")
                .with("target", target)
                .with("columns", SqlText.list(table.allColumns()))
                .with("places", SqlText.list(places))
                .sql();
        connection.setAutoCommit(false);
        try (PreparedStatement statement = connection.prepareStatement(insert)) {
            int pending = 0;
            for (int slot : (Iterable<Integer>) slots()::iterator) {
                bind(statement, List.copyOf(row(slot).values()));
                statement.addBatch();
                if (++pending % BATCH_ROWS == 0) {
                    statement.executeBatch();
                }
            }
            statement.executeBatch();
            connection.commit();
        } finally {
            connection.setAutoCommit(true);
        }
    }

    /** Binds text of no type, so that the server takes each column's own. */
    static void bind(PreparedStatement statement, List<Optional<String>> values) throws SQLException {
        for (int i = 0; i < values.size(); i++) {
            if (values.get(i).isPresent()) {
                statement.setObject(i + 1, values.get(i).get(), Types.OTHER);
            } else {
                statement.setNull(i + 1, Types.OTHER);
            }
        }
    }

    Optional<RowState> state(int slot) {
        Optional<RowState> unchanged = slot < loadedRows ? Optional.of(RowState.loaded(slot)) : Optional.empty();
        return changes.getOrDefault(slot, unchanged);
    }

    Map<Integer, Optional<RowState>> changes() {
        return changes;
    }

    int loadedRows() {
        return loadedRows;
    }

    int nextSlot() {
        return nextSlot;
    }

    int nextToken() {
        return nextToken;
    }
}
