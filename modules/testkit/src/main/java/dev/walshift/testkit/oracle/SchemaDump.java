package dev.walshift.testkit.oracle;

import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiPredicate;

/**
 * The schema of a database as text that depends on nothing but the schema: sorted, with names in the place of OIDs.
 * Schemas of walshift's own are left out, but what depends on something in one of them says so.
 *
 * @param objects properties of each object, by its kind and schema-qualified name
 */
public record SchemaDump(SortedMap<String, SortedMap<String, String>> objects) {
    /** Names of hidden triggers and of TOAST tables hold OIDs. */
    private static final SqlTemplate READ = SqlTemplate.of("""
        WITH own AS (
             SELECT oid FROM pg_namespace WHERE nspname !~ '^(pg_|walshift(_|$))' AND nspname <> 'information_schema')
        SELECT concat_ws(' ', o.type, o.identity), p.key, p.value #>> '{}'
          FROM ({facet}) AS f(classid, objid, subid, properties)
         CROSS JOIN LATERAL pg_identify_object(f.classid, f.objid, f.subid) AS o
         CROSS JOIN LATERAL pg_identify_object_as_address(f.classid, f.objid, f.subid) AS a
          LEFT JOIN LATERAL jsonb_each(jsonb_strip_nulls(f.properties)) AS p ON true
         WHERE COALESCE(a.object_names[1], '') !~ '^"?(pg_toast|walshift)(_|"|\\.|$)'
           AND NOT EXISTS (SELECT FROM pg_trigger t
                            WHERE f.classid = 'pg_trigger'::regclass AND t.oid = f.objid AND t.tgisinternal)
        """);

    public SchemaDump {
        SortedMap<String, SortedMap<String, String>> copy = new TreeMap<>();
        objects.forEach(
                (object, properties) -> copy.put(object, Collections.unmodifiableSortedMap(new TreeMap<>(properties))));
        objects = Collections.unmodifiableSortedMap(copy);
    }

    /** Reads the catalogs, whatever the server's version. */
    public static SchemaDump of(TestDatabase database) throws SQLException {
        SortedMap<String, SortedMap<String, String>> objects = new TreeMap<>();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
            // Names without their schema would be ambiguous; the rest is what definitions are printed by.
            statement.execute(
                    "SET LOCAL search_path = pg_catalog; SET LOCAL DateStyle = 'ISO'; SET LOCAL TimeZone = 'UTC'");
            for (Facet facet : Facet.values()) {
                if (database.server().version().isAtLeast(facet.since())) {
                    read(statement, facet, objects);
                }
            }
            connection.rollback();
        }
        return new SchemaDump(objects);
    }

    private static void read(Statement statement, Facet facet, Map<String, SortedMap<String, String>> objects)
            throws SQLException {
        try (ResultSet rows =
                statement.executeQuery(READ.with("facet", facet.query()).sql())) {
            while (rows.next()) {
                Map<String, String> properties = objects.computeIfAbsent(rows.getString(1), name -> new TreeMap<>());
                String property = rows.getString(2);
                if (property != null) {
                    properties.put(property, rows.getString(3));
                }
            }
        }
    }

    /** What is not as in {@code expected}, one readable line each; empty if nothing. */
    public List<String> differences(SchemaDump expected) {
        return differences(expected, (object, property) -> false);
    }

    /**
     * As the other one.
     *
     * @param ignored whether a property of an object, both as in {@link #objects}, may differ
     */
    public List<String> differences(SchemaDump expected, BiPredicate<String, String> ignored) {
        List<String> differences = new ArrayList<>();
        for (String object : union(objects.keySet(), expected.objects.keySet())) {
            SortedMap<String, String> is = objects.get(object);
            SortedMap<String, String> should = expected.objects.get(object);
            if (is == null) {
                differences.add("%s is missing: %s".formatted(object, should));
            } else if (should == null) {
                differences.add("%s should not be there: %s".formatted(object, is));
            } else {
                for (String property : union(is.keySet(), should.keySet())) {
                    String found = is.getOrDefault(property, "nothing");
                    String wanted = should.getOrDefault(property, "nothing");
                    if (!found.equals(wanted) && !ignored.test(object, property)) {
                        differences.add("%s: %s should be %s but is %s".formatted(object, property, wanted, found));
                    }
                }
            }
        }
        return differences;
    }

    private static Set<String> union(Set<String> some, Set<String> others) {
        Set<String> all = new TreeSet<>(some);
        all.addAll(others);
        return all;
    }

    /** One line for each property. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        objects.forEach((object, properties) -> {
            text.append(object).append('\n');
            properties.forEach((property, value) -> text.append("    ")
                    .append(property)
                    .append(": ")
                    .append(value)
                    .append('\n'));
        });
        return text.toString();
    }
}
