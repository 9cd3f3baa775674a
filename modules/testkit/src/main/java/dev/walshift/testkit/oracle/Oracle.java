package dev.walshift.testkit.oracle;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.testkit.oracle.Difference.Kind;
import dev.walshift.testkit.workload.Truth;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** Compares a table with what a workload has committed, both ways. Holds about 16 bytes for each row. */
public final class Oracle {
    private static final int FETCH_ROWS = 1_000;
    private static final int SHOWN_CHARACTERS = 60;
    private static final SqlTemplate READ = SqlTemplate.of("SELECT {columns} FROM {table}");

    private final Truth truth;
    private final Expectation expectation;
    private final KeyIndex index;
    private final BitSet seen = new BitSet();
    private final Comparison.Collector differences = new Comparison.Collector();
    private final long expectedRows;

    private Oracle(Truth truth, Expectation expectation) {
        this.truth = truth;
        this.expectation = expectation;
        this.expectedRows = truth.rows();
        this.index = new KeyIndex(truth.slots(), expectedRows, this::key);
    }

    /**
     * Reads the table that a migration has left under the workload's name.
     *
     * @param connection in auto-commit mode; used in a read-only transaction
     * @param truth from the stopped workload
     * @param expectation how rows should have changed
     */
    public static Comparison compare(Connection connection, Truth truth, Expectation expectation) throws SQLException {
        return compare(connection, truth.table().name(), truth, expectation);
    }

    /** As the other one, for a table of another name, such as a retired one. */
    public static Comparison compare(Connection connection, QualifiedName table, Truth truth, Expectation expectation)
            throws SQLException {
        Oracle oracle = new Oracle(truth, expectation);
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL row_security = off");
            return oracle.compare(statement, table);
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    private Comparison compare(Statement statement, QualifiedName table) throws SQLException {
        statement.setFetchSize(FETCH_ROWS);
        List<SqlText> columns = expectation.allColumns().stream()
                .map(column -> new SqlText(column.sql() + "::text"))
                .toList();
        String sql =
                READ.with("columns", SqlText.list(columns)).with("table", table).sql();
        long found = 0;
        try (ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                found++;
                check(read(rows, columns.size()));
            }
        }
        truth.slots()
                .filter(slot -> !seen.get(slot))
                .forEach(slot -> differences.add(Kind.MISSING, key(slot), show(expected(slot))));
        return differences.result(expectedRows, found);
    }

    private void check(List<Optional<String>> row) {
        String key = join(expectation.keyOf(row));
        int slot = index.find(key);
        if (slot == KeyIndex.NONE) {
            differences.add(Kind.UNEXPECTED, key, show(row));
            return;
        }
        if (seen.get(slot)) {
            differences.add(Kind.UNEXPECTED, key, "is there more than once: " + show(row));
            return;
        }
        seen.set(slot);
        List<Optional<String>> expected = expected(slot);
        if (!row.equals(expected)) {
            differences.add(Kind.DIFFERENT, key, difference(expected, row));
        }
    }

    private List<Optional<String>> expected(int slot) {
        return expectation.row(truth.row(slot));
    }

    private String key(int slot) {
        return join(expectation.key(truth.key(slot)));
    }

    private static String join(List<Optional<String>> key) {
        return String.join(" | ", key.stream().map(part -> part.orElse("NULL")).toList());
    }

    private String difference(List<Optional<String>> expected, List<Optional<String>> found) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < expected.size(); i++) {
            if (!expected.get(i).equals(found.get(i))) {
                texts.add("%s should be %s but is %s"
                        .formatted(expectation.allColumns().get(i), show(expected.get(i)), show(found.get(i))));
            }
        }
        return String.join(", ", texts);
    }

    private static List<Optional<String>> read(ResultSet rows, int columns) throws SQLException {
        List<Optional<String>> row = new ArrayList<>(columns);
        for (int i = 1; i <= columns; i++) {
            row.add(Optional.ofNullable(rows.getString(i)));
        }
        return row;
    }

    private static String show(List<Optional<String>> row) {
        return row.stream().map(Oracle::show).toList().toString();
    }

    private static String show(Optional<String> value) {
        String text = value.map(v -> "'" + v + "'").orElse("NULL");
        return text.length() <= SHOWN_CHARACTERS
                ? text
                : "%s... (%d characters)".formatted(text.substring(0, SHOWN_CHARACTERS), text.length() - 2);
    }
}
