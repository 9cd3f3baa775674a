package dev.walshift.testkit.oracle;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.testkit.oracle.Difference.Kind;
import dev.walshift.testkit.workload.Truth;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares a migrated table with a twin that was altered the blocking way, by the server itself: the same columns with the same
 * types, and the same rows, byte for byte in their text form. At most a
 * thousand missing and a thousand unexpected rows are counted.
 */
public final class TwinOracle {
    private static final SqlTemplate READ_COLUMNS = SqlTemplate.of("""
        SELECT attname, format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
          FROM pg_attribute
         WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped
         ORDER BY attnum
        """);
    private static final SqlTemplate COUNT = SqlTemplate.of("SELECT count(*) FROM {table}");
    private static final SqlTemplate EXCEPT = SqlTemplate.of("""
        SELECT (r.*)::text
          FROM (SELECT {columns} FROM {all} EXCEPT ALL SELECT {columns} FROM {but}) AS r
        """);

    private TwinOracle() {}

    /**
     * Fills a twin with the truth, alters it, compares, and drops it.
     *
     * @param connection in auto-commit mode
     * @param twin a name that is free, in a schema that exists
     * @param alterActions what follows ALTER TABLE and the name in the migration under test
     * @param ignoredColumns those that have other values each time, such as clock_timestamp() by default
     */
    public static Comparison compare(
            Connection connection, Truth truth, QualifiedName twin, String alterActions, Set<Identifier> ignoredColumns)
            throws SQLException {
        truth.load(connection, twin);
        try (Statement statement = connection.createStatement()) {
            statement.execute("ALTER TABLE %s %s".formatted(twin.sql(), alterActions));
            Comparison comparison = compare(connection, truth.table().name(), twin, ignoredColumns);
            statement.execute("DROP TABLE %s".formatted(twin.sql()));
            return comparison;
        }
    }

    /**
     * Compares two tables, whoever filled them.
     *
     * @param twin the one that is right
     * @param ignoredColumns whose values (but not types) may differ
     */
    public static Comparison compare(
            Connection connection, QualifiedName migrated, QualifiedName twin, Set<Identifier> ignoredColumns)
            throws SQLException {
        Comparison.Collector differences = new Comparison.Collector();
        Map<Identifier, String> expected = columns(connection, twin);
        Map<Identifier, String> found = columns(connection, migrated);
        expected.forEach((column, type) -> {
            if (!type.equals(found.get(column))) {
                differences.add(
                        Kind.DIFFERENT, column.sql(), "should be %s but is %s".formatted(type, found.get(column)));
            }
        });
        found.keySet().stream()
                .filter(column -> !expected.containsKey(column))
                .forEach(column -> differences.add(Kind.UNEXPECTED, column.sql(), "there should be no such column"));
        List<SqlText> compared = expected.keySet().stream()
                .filter(column -> found.containsKey(column) && !ignoredColumns.contains(column))
                .map(column -> new SqlText(column.sql() + "::text"))
                .toList();
        rowsOnlyIn(connection, twin, migrated, compared)
                .forEach(row -> differences.add(Kind.MISSING, row, "only in the twin"));
        rowsOnlyIn(connection, migrated, twin, compared)
                .forEach(row -> differences.add(Kind.UNEXPECTED, row, "not in the twin"));
        return differences.result(count(connection, twin), count(connection, migrated));
    }

    private static Map<Identifier, String> columns(Connection connection, QualifiedName table) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(READ_COLUMNS.sql())) {
            statement.setString(1, table.sql());
            Map<Identifier, String> columns = new LinkedHashMap<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    columns.put(new Identifier(rows.getString(1)), rows.getString(2));
                }
            }
            return columns;
        }
    }

    private static List<String> rowsOnlyIn(
            Connection connection, QualifiedName all, QualifiedName but, List<SqlText> columns) throws SQLException {
        SqlTemplate except =
                EXCEPT.with("columns", SqlText.list(columns)).with("all", all).with("but", but);
        List<String> texts = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(except.sql())) {
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
        }
        return texts;
    }

    private static long count(Connection connection, QualifiedName table) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows =
                        statement.executeQuery(COUNT.with("table", table).sql())) {
            rows.next();
            return rows.getLong(1);
        }
    }
}
