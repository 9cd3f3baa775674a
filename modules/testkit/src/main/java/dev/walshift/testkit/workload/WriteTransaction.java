package dev.walshift.testkit.workload;

import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** One transaction: executes changes and remembers what they will have done when it commits. One thread. */
final class WriteTransaction {
    private static final SqlTemplate INSERT =
            SqlTemplate.of("INSERT INTO {table} ({key}, {columns}) VALUES ({places})");
    private static final SqlTemplate UPDATE = SqlTemplate.of("UPDATE {table} SET {assignments} WHERE {condition}");
    private static final SqlTemplate DELETE = SqlTemplate.of("DELETE FROM {table} WHERE {condition}");
    /** Columns that every update writes. */
    private static final List<Column> STAMP = List.of(Column.AMOUNT, Column.TOUCHED, Column.COUNTER);

    private final Connection connection;
    private final WorkloadTable table;
    private final Slice slice;
    private Map<Integer, Optional<RowState>> staged = new LinkedHashMap<>();
    private String lastStatement = "BEGIN";

    WriteTransaction(Connection connection, WorkloadTable table, Slice slice) {
        this.connection = connection;
        this.table = table;
        this.slice = slice;
    }

    /** The rows that this transaction changes, as they will be; empty where there will be none. */
    Map<Integer, Optional<RowState>> staged() {
        return staged;
    }

    /** A row as this transaction sees it. */
    Optional<RowState> state(int slot) {
        return staged.getOrDefault(slot, slice.state(slot));
    }

    String lastStatement() {
        return lastStatement;
    }

    void insert(int slot, RowState row) throws SQLException {
        List<Column> columns = written(List.of(Column.values()));
        List<Optional<String>> values = new ArrayList<>(key(slot));
        columns.forEach(column -> values.add(table.content().value(row, column)));
        SqlTemplate insert = INSERT.with("table", table.name())
                .with("key", table.key())
                .with(
                        "columns",
                        SqlText.list(columns.stream().map(table::column).toList()))
                .with(
                        "places",
                        SqlText.list(
                                values.stream().map(value -> new SqlText("?")).toList()));
        changeOne(insert, values);
        staged.put(slot, Optional.of(row));
    }

    /** Updates a row in place: the stamp columns and, if {@code also} names one, another. */
    void update(int slot, RowState row, Column... also) throws SQLException {
        List<Column> columns = new ArrayList<>(Arrays.asList(also));
        columns.addAll(STAMP);
        List<Column> used = written(columns);
        List<Optional<String>> values =
                used.stream().map(column -> table.content().value(row, column)).toList();
        updateColumns(slot, used, values);
        staged.put(slot, Optional.of(row));
    }

    /** Gives the row in {@code slot} a code that no row keeps: the caller must overwrite it in the same transaction. */
    void updateToPlaceholder(int slot, int token) throws SQLException {
        updateColumns(slot, List.of(Column.CODE), List.of(Optional.of("placeholder %d".formatted(token))));
    }

    private void updateColumns(int slot, List<Column> columns, List<Optional<String>> newValues) throws SQLException {
        List<Optional<String>> values = new ArrayList<>(newValues);
        values.addAll(key(slot));
        changeOne(updateStatement(columns.stream().map(table::column).toList()), values);
    }

    /** Moves the row of one slot to another, where there must be none. */
    void updateKey(int from, int to, RowState row) throws SQLException {
        List<Column> stamp = written(STAMP);
        List<SqlPart> columns = new ArrayList<>(table.keyColumns());
        List<Optional<String>> values = new ArrayList<>(key(to));
        for (Column column : stamp) {
            columns.add(table.column(column));
            values.add(table.content().value(row, column));
        }
        values.addAll(key(from));
        changeOne(updateStatement(columns), values);
        staged.put(from, Optional.empty());
        staged.put(to, Optional.of(row));
    }

    void delete(int slot) throws SQLException {
        changeOne(DELETE.with("table", table.name()).with("condition", keyCondition(table)), key(slot));
        staged.put(slot, Optional.empty());
    }

    /** Runs {@code steps}, then takes them back or keeps them. */
    void withSavepoint(boolean keep, Steps steps) throws SQLException {
        Map<Integer, Optional<RowState>> before = new LinkedHashMap<>(staged);
        Savepoint savepoint = connection.setSavepoint();
        steps.run();
        if (keep) {
            connection.releaseSavepoint(savepoint);
        } else {
            connection.rollback(savepoint);
            staged = before;
        }
    }

    interface Steps {
        void run() throws SQLException;
    }

    private SqlTemplate updateStatement(List<? extends SqlPart> columns) {
        List<SqlText> assignments = columns.stream()
                .map(column -> new SqlText(column.sql() + " = ?"))
                .toList();
        return UPDATE.with("table", table.name())
                .with("assignments", SqlText.list(assignments))
                .with("condition", keyCondition(table));
    }

    /** {@code a = ? AND b = ?} for the key columns of {@code table}. */
    static SqlText keyCondition(WorkloadTable table) {
        return SqlText.join(
                " AND ",
                table.keyColumns().stream()
                        .map(column -> new SqlText(column.sql() + " = ?"))
                        .toList());
    }

    private void changeOne(SqlPart statement, List<Optional<String>> values) throws SQLException {
        lastStatement = statement.sql();
        try (PreparedStatement prepared = connection.prepareStatement(lastStatement)) {
            Truth.bind(prepared, values);
            int changed = prepared.executeUpdate();
            if (changed != 1) {
                throw new WrongRowCountException(
                        "changed %d rows instead of one; values %s".formatted(changed, shortened(values)));
            }
        }
    }

    private static List<String> shortened(List<Optional<String>> values) {
        return values.stream()
                .map(value -> value.orElse("NULL"))
                .map(text -> text.length() <= 40 ? text : text.substring(0, 40) + "...")
                .toList();
    }

    private List<Optional<String>> key(int slot) {
        List<String> key = table.keyKind().key(slot);
        return IntStream.range(0, key.size())
                .mapToObj(i -> Optional.of(key.get(i)))
                .toList();
    }

    private List<Column> written(List<Column> columns) {
        return columns.stream().filter(table.written()::contains).toList();
    }

    /** The application changed a row of its own, and the server says that there is none, or that there are several. */
    static final class WrongRowCountException extends SQLException {
        private static final long serialVersionUID = 1L;

        WrongRowCountException(String message) {
            super(message);
        }
    }
}
