package dev.walshift.testkit.oracle;

import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiPredicate;

/**
 * Two databases of one server with the same {@link Museum}: one to migrate, the other to alter the blocking way.
 * What a DBA sees when comparing the two are {@link #differences}.
 */
public final class SchemaTwin implements AutoCloseable {
    private static final String TABLES = """
        SELECT c.oid::regclass::text,
               string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname)
                   FILTER (WHERE a.attname <> ALL (?))
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relkind IN ('r', 'm') AND c.relispopulated
           AND n.nspname !~ '^(pg_|walshift(_|$))' AND n.nspname <> 'information_schema'
         GROUP BY c.oid
        """;
    private static final String SEQUENCES = """
        SELECT c.oid::regclass::text, s.seqincrement
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_sequence s ON s.seqrelid = c.oid
         WHERE n.nspname !~ '^walshift(_|$)'
        """;

    private final Museum museum;
    private final TestDatabase migrated;
    private final TestDatabase altered;

    private SchemaTwin(Museum museum, TestDatabase migrated, TestDatabase altered) {
        this.museum = museum;
        this.migrated = migrated;
        this.altered = altered;
    }

    /** Builds the museum twice on the shared server of a major. */
    public static SchemaTwin build(ServerVersion major, Museum museum) throws SQLException {
        SchemaTwin twin =
                new SchemaTwin(museum, SharedServers.freshDatabase(major), SharedServers.freshDatabase(major));
        try {
            museum.build(twin.migrated);
            museum.build(twin.altered);
            return twin;
        } catch (SQLException e) {
            twin.close();
            throw e;
        }
    }

    /** The database that the code under test changes. */
    public TestDatabase migrated() {
        return migrated;
    }

    /** The other one, as it should be in the end. */
    public TestDatabase altered() {
        return altered;
    }

    /** Alters the other one the blocking way. */
    public void alter(MuseumChange change) throws SQLException {
        museum.alter(altered, change);
    }

    /**
     * Compares schemas, rows and the next values of sequences, which may be later ones in the migrated database.
     *
     * @param ignored whether a property of an object, both as in {@link SchemaDump#objects}, may differ
     * @return one readable line for each difference
     */
    public List<String> differences(MuseumChange change, BiPredicate<String, String> ignored) throws SQLException {
        List<String> differences =
                new ArrayList<>(SchemaDump.of(migrated).differences(SchemaDump.of(altered), ignored));
        try (Connection found = migrated.connect();
                Connection expected = altered.connect()) {
            compareRows(found, expected, change, differences);
            compareSequences(nextValues(found), nextValues(expected), differences);
        }
        return differences;
    }

    /** As the other one; nothing may differ. */
    public List<String> differences(MuseumChange change) throws SQLException {
        return differences(change, (object, property) -> false);
    }

    private static void compareRows(
            Connection found, Connection expected, MuseumChange change, List<String> differences) throws SQLException {
        SortedMap<String, String> tables = new TreeMap<>();
        try (PreparedStatement statement = expected.prepareStatement(TABLES)) {
            statement.setArray(
                    1, expected.createArrayOf("text", change.volatileColumns().toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    tables.put(rows.getString(1), rows.getString(2));
                }
            }
        }
        for (Map.Entry<String, String> table : tables.entrySet()) {
            String query = "SELECT ROW(%s)::text FROM ONLY %s ORDER BY 1".formatted(table.getValue(), table.getKey());
            List<String> is = texts(found, query);
            List<String> should = texts(expected, query);
            if (!is.equals(should)) {
                List<String> missing = new ArrayList<>(should);
                is.forEach(missing::remove);
                List<String> extra = new ArrayList<>(is);
                should.forEach(extra::remove);
                differences.add("rows of %s: %d missing, such as %s; %d too many, such as %s"
                        .formatted(table.getKey(), missing.size(), first(missing), extra.size(), first(extra)));
            }
        }
    }

    private static List<String> first(List<String> rows) {
        return rows.stream().limit(1).toList();
    }

    private static List<String> texts(Connection connection, String query) throws SQLException {
        List<String> texts = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
        }
        return texts;
    }

    /** @param value the next value that it gives, times -1 if it counts down */
    private record Next(long value) {}

    private static void compareSequences(
            Map<String, Next> found, Map<String, Next> expected, List<String> differences) {
        expected.forEach((sequence, should) -> {
            Next is = found.get(sequence);
            if (is != null && is.value < should.value) {
                differences.add("sequence %s: the next value should be %d or later but is %d"
                        .formatted(sequence, Math.abs(should.value), Math.abs(is.value)));
            }
        });
    }

    private static Map<String, Next> nextValues(Connection connection) throws SQLException {
        Map<String, Next> values = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                Statement inner = connection.createStatement();
                ResultSet sequences = statement.executeQuery(SEQUENCES)) {
            while (sequences.next()) {
                long increment = sequences.getLong(2);
                String state = "SELECT last_value + CASE WHEN is_called THEN %d ELSE 0 END FROM %s"
                        .formatted(increment, sequences.getString(1));
                try (ResultSet row = inner.executeQuery(state)) {
                    row.next();
                    values.put(sequences.getString(1), new Next(row.getLong(1) * Long.signum(increment)));
                }
            }
        }
        return values;
    }

    @Override
    public void close() throws SQLException {
        try (migrated) {
            altered.close();
        }
    }
}
