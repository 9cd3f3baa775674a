package dev.walshift.testkit;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** What migrations that are over should have removed from a database: everything but the journal and the retired tables. */
public final class Leftovers {
    private static final String FIND = """
        SELECT 'slot ' || slot_name FROM pg_replication_slots WHERE database = current_database()
        UNION ALL SELECT 'publication ' || pubname FROM pg_publication WHERE pubname LIKE 'walshift\\_%'
        UNION ALL SELECT 'schema ' || nspname FROM pg_namespace
                   WHERE nspname LIKE 'walshift\\_%' AND nspname NOT LIKE '%\\_retired'
        """;

    private Leftovers() {}

    /** Slots, publications and schemas; empty if all is as it should be. */
    public static List<String> in(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(FIND)) {
            List<String> found = new ArrayList<>();
            while (rows.next()) {
                found.add(rows.getString(1));
            }
            return found;
        }
    }
}
