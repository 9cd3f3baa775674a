package dev.walshift.testkit.workload;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The table that a workload writes to.
 *
 * @param keyColumns names of the primary key's columns, as many as {@code keyKind} has
 * @param columns names of all other columns
 * @param written columns that the writers use: those that the migration under test leaves in place under their names
 */
public record WorkloadTable(
        QualifiedName name,
        KeyKind keyKind,
        List<Identifier> keyColumns,
        Map<Column, Identifier> columns,
        Set<Column> written,
        boolean isOrders) {

    private static final SqlTemplate CREATE_GENERAL = SqlTemplate.of("""
        CREATE TABLE {table} (
            {keys},
            {code} text NOT NULL UNIQUE,
            {payload} text,
            {amount} numeric(12,2),
            {touched} timestamptz,
            {counter} int,
            PRIMARY KEY ({key}))
        """);
    private static final SqlTemplate CREATE_ORDERS = SqlTemplate.of("""
        CREATE TABLE {table} (
            {keys},
            {counter} int,
            {code} text NOT NULL,
            {amount} numeric(12,2),
            {payload} text,
            {touched} timestamptz,
            PRIMARY KEY ({key}))
        """);
    private static final SqlTemplate CREATE_INDEX = SqlTemplate.of("CREATE INDEX ON {table} ({columns})");
    private static final SqlTemplate LOAD = SqlTemplate.of("""
        INSERT INTO {table} ({key}, {code}, {payload}, {amount}, {touched}, {counter})
        SELECT {keyValues}, {codeValue}, {payloadValue}, {amountValue}, {touchedValue}, {counterValue}
          FROM generate_series(0, {rows} - 1) AS i
        """);
    private static final SqlTemplate CREATE_DOMAIN = SqlTemplate.of("CREATE DOMAIN {domain} AS int CHECK (VALUE > 0)");
    private static final SqlTemplate CREATE_ENUM =
            SqlTemplate.of("CREATE TYPE {enum} AS ENUM ('plain', 'Mixed \"Case\"', 'it''s, odd')");

    public WorkloadTable {
        keyColumns = List.copyOf(keyColumns);
        columns = Collections.unmodifiableMap(new EnumMap<>(columns));
        written = Set.copyOf(written);
        if (keyColumns.size() != keyKind.parts().size()) {
            throw new IllegalArgumentException("a key of kind %s has %d columns, got %s"
                    .formatted(keyKind, keyKind.parts().size(), keyColumns));
        }
        if (columns.size() != Column.values().length) {
            throw new IllegalArgumentException("every column needs a name, got %s".formatted(columns));
        }
        if (!written.containsAll(Set.of(Column.CODE, Column.TOUCHED))) {
            throw new IllegalArgumentException("CODE and TOUCHED must be written, got %s".formatted(written));
        }
    }

    /** Names that break careless quoting: mixed case, spaces, quotes, reserved words, and all 63 bytes. */
    public static WorkloadTable hostile(KeyKind keyKind) {
        return general(
                QualifiedName.of(
                        "Wal \"shift\" test", "Order \"select\", it's ü; -- {where} ? $1 %s \\ or all 63 bytes!!"),
                keyKind,
                List.of("order", "Group \"by\""),
                columns("unique Code", "select", "Amount, net", "touched\"At", "user"));
    }

    /** Names that need no quoting. */
    public static WorkloadTable plain(KeyKind keyKind) {
        return general(
                QualifiedName.of("public", "items"),
                keyKind,
                List.of("id", "part"),
                columns("unique_code", "payload", "amount", "touched", "counter"));
    }

    /** A shop's orders, with three indexes beside the primary key, for demonstrations. */
    public static WorkloadTable orders() {
        return new WorkloadTable(
                QualifiedName.of("public", "orders"),
                KeyKind.INT,
                List.of(new Identifier("id")),
                columns("status", "note", "amount", "created_at", "customer_id"),
                Set.of(Column.values()),
                true);
    }

    private static WorkloadTable general(
            QualifiedName name, KeyKind keyKind, List<String> keyColumns, Map<Column, Identifier> columns) {
        List<Identifier> key = keyColumns.stream()
                .limit(keyKind.parts().size())
                .map(Identifier::new)
                .toList();
        return new WorkloadTable(name, keyKind, key, columns, Set.of(Column.values()), false);
    }

    private static Map<Column, Identifier> columns(
            String code, String payload, String amount, String touched, String counter) {
        return Map.of(
                Column.CODE, new Identifier(code),
                Column.PAYLOAD, new Identifier(payload),
                Column.AMOUNT, new Identifier(amount),
                Column.TOUCHED, new Identifier(touched),
                Column.COUNTER, new Identifier(counter));
    }

    /** The same table for a migration that drops, renames or converts {@code lost}: the writers don't use these columns. */
    public WorkloadTable withoutWriting(Column... lost) {
        Set<Column> rest = written.stream()
                .filter(column -> !Arrays.asList(lost).contains(column))
                .collect(Collectors.toSet());
        return new WorkloadTable(name, keyKind, keyColumns, columns, rest, isOrders);
    }

    /** The same table under another name; domain and enum types are looked for in {@code otherName}'s schema. */
    public WorkloadTable named(QualifiedName otherName) {
        return new WorkloadTable(otherName, keyKind, keyColumns, columns, written, isOrders);
    }

    public Identifier column(Column column) {
        return Optional.ofNullable(columns.get(column)).orElseThrow();
    }

    /** Key columns first, then those of {@link Column}, in that order. */
    public List<Identifier> allColumns() {
        return Stream.concat(keyColumns.stream(), Stream.of(Column.values()).map(this::column))
                .toList();
    }

    /**
     * Creates schema, types and table, loads {@code rows} rows, and builds the indexes.
     *
     * @param connection in auto-commit mode
     * @return what is in the table now
     */
    public Truth create(Connection connection, int rows) throws SQLException {
        List<SqlTemplate> statements = new ArrayList<>();
        statements.add(SqlTemplate.of("CREATE SCHEMA IF NOT EXISTS {schema}").with("schema", name.schema()));
        switch (keyKind) {
            case DOMAIN -> statements.add(CREATE_DOMAIN.with("domain", domain()));
            case ENUM -> statements.add(CREATE_ENUM.with("enum", enumeration()));
            default -> {}
        }
        statements.add(createTable(name));
        statements.add(load(rows));
        statements.addAll(createIndexes());
        try (Statement statement = connection.createStatement()) {
            for (SqlTemplate sql : statements) {
                statement.execute(sql.sql());
            }
            statement.execute("ANALYZE " + name.sql());
        }
        return Truth.loaded(this, rows);
    }

    /** The statement that creates the table under another name, with its primary key and nothing else beside it. */
    SqlTemplate createTable(QualifiedName other) {
        List<SqlText> keys = IntStream.range(0, keyColumns.size())
                .mapToObj(i -> new SqlText(keyColumns.get(i).sql() + " "
                        + withTypes(keyKind.parts().get(i).type()).sql()))
                .toList();
        return withColumns(isOrders ? CREATE_ORDERS : CREATE_GENERAL)
                .with("table", other)
                .with("keys", SqlText.list(keys));
    }

    private List<SqlTemplate> createIndexes() {
        List<List<Column>> indexes = isOrders
                ? List.of(List.of(Column.COUNTER), List.of(Column.CODE), List.of(Column.TOUCHED))
                : List.of(List.of(Column.TOUCHED, Column.COUNTER));
        return indexes.stream()
                .map(index -> CREATE_INDEX
                        .with("table", name)
                        .with(
                                "columns",
                                SqlText.list(index.stream().map(this::column).toList())))
                .toList();
    }

    private SqlTemplate load(int rows) {
        List<SqlTemplate> keyValues =
                keyKind.parts().stream().map(part -> withTypes(part.valueSql())).toList();
        return withColumns(LOAD)
                .with("table", name)
                .with("keyValues", SqlText.list(keyValues))
                .with("codeValue", content().loadedCode())
                .with("payloadValue", Content.LOADED_PAYLOAD)
                .with("amountValue", Content.LOADED_AMOUNT)
                .with("touchedValue", Content.LOADED_TOUCHED)
                .with("counterValue", content().loadedCounter())
                .with("rows", new SqlText(Integer.toString(rows)));
    }

    /** The key columns, for a column list. */
    SqlText key() {
        return SqlText.list(keyColumns);
    }

    Content content() {
        return isOrders ? Content.ORDERS : Content.GENERAL;
    }

    private SqlTemplate withColumns(SqlTemplate template) {
        return template.with("key", key())
                .with("code", column(Column.CODE))
                .with("payload", column(Column.PAYLOAD))
                .with("amount", column(Column.AMOUNT))
                .with("touched", column(Column.TOUCHED))
                .with("counter", column(Column.COUNTER));
    }

    private SqlTemplate withTypes(SqlTemplate template) {
        return switch (keyKind) {
            case DOMAIN -> template.toString().contains("{domain}") ? template.with("domain", domain()) : template;
            case ENUM -> template.toString().contains("{enum}") ? template.with("enum", enumeration()) : template;
            default -> template;
        };
    }

    private QualifiedName domain() {
        return new QualifiedName(name.schema(), new Identifier("Key \"domain\""));
    }

    private QualifiedName enumeration() {
        return new QualifiedName(name.schema(), new Identifier("Key \"enum\""));
    }
}
