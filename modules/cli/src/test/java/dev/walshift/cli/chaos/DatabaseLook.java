package dev.walshift.cli.chaos;

import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.workload.WorkloadTable;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/** What an operator could see in the database. */
final class DatabaseLook {
    private final TestDatabase database;
    private final WorkloadTable table;

    DatabaseLook(TestDatabase database, WorkloadTable table) {
        this.database = database;
        this.table = table;
    }

    /** A migration in walshift's journal. */
    record Entry(long id, String state) {
        boolean isOver() {
            return state.equals("FINISHED") || state.equals("FAILED");
        }
    }

    /** The journal's last entry. */
    Optional<Entry> lastMigration() throws SQLException {
        if (text("SELECT to_regclass('walshift.stream')").isEmpty()) {
            return Optional.empty();
        }
        return text("SELECT id || ' ' || state FROM walshift.migration ORDER BY id DESC LIMIT 1")
                .map(line -> line.split(" "))
                .map(words -> new Entry(Long.parseLong(words[0]), words[1]));
    }

    /** Whatever a migration could change on the table: another file or column, an index, the replica identity. */
    String source() throws SQLException {
        return text("""
            SELECT concat_ws('; ', oid, relfilenode, relreplident,
                   (SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
                      FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
                   (SELECT string_agg(indexrelid || ' ' || indisreplident, ', ' ORDER BY indexrelid)
                      FROM pg_index WHERE indrelid = c.oid))
              FROM pg_class c
             WHERE oid = %s::regclass
            """.formatted(literal(table.name().sql()))).orElseThrow();
    }

    /** The replica identity of the table that has the name now, and of those that were retired. */
    String replicaIdentities() throws SQLException {
        return text("""
            SELECT string_agg(DISTINCT relreplident, '') FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
             WHERE c.oid = %s::regclass OR (nspname LIKE 'walshift\\_%%\\_retired' AND relkind = 'r')
            """.formatted(literal(table.name().sql()))).orElseThrow();
    }

    long retiredTables() throws SQLException {
        return Long.parseLong(text("""
            SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
             WHERE nspname LIKE 'walshift\\_%\\_retired' AND relkind = 'r'
            """).orElseThrow());
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private Optional<String> text(String query) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            return rows.next() ? Optional.ofNullable(rows.getString(1)) : Optional.empty();
        }
    }
}
