package dev.walshift.engine.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Rule: a key stays of the source's own type, typmod and collation from the stream to the shadow, and rows are found by semijoin: values
 * that are equal and yet differ in their text are one key.
 */
class HostileKeysTest {
    private static final String LONG_KEY =
            "(SELECT string_agg(md5(i::text || '%s'), '') FROM generate_series(1, 81) AS i)";

    private static TestDatabase database;

    /** What the application does to a table whose key is hard to hold. */
    enum Key {
        NUMERIC(
                "numeric",
                List.of("1.0", "2", "3.50", "'NaN'"),
                List.of(
                        "UPDATE {t} SET k = 1.00 WHERE k = 1",
                        "DELETE FROM {t} WHERE k = 2",
                        "INSERT INTO {t} VALUES (2.000, 1)",
                        "UPDATE {t} SET v = 2 WHERE k = 'NaN'")),
        CHARACTER(
                "char(5)",
                List.of("'ab'", "'c   '", "'d'", "''"),
                List.of(
                        "UPDATE {t} SET v = 1 WHERE k = 'ab'",
                        "UPDATE {t} SET k = 'c' WHERE k = 'c '",
                        "UPDATE {t} SET k = 'a' WHERE k = 'd'",
                        "DELETE FROM {t} WHERE k = ''")),
        CASE_BLIND(
                "text COLLATE \"Case \"\"blind\"\"\"",
                List.of("'A'", "'b'"),
                List.of("UPDATE {t} SET k = 'a' WHERE k = 'A'", "UPDATE {t} SET v = 1 WHERE k = 'B'")),
        CITEXT(
                "public.citext",
                List.of("'A'", "'b'"),
                List.of("UPDATE {t} SET k = 'a' WHERE k = 'A'", "UPDATE {t} SET v = 1 WHERE k = 'B'")),
        FLOAT(
                "float8",
                List.of("'-0'", "0.1::float8 + 0.2::float8", "'NaN'", "'-Infinity'"),
                List.of(
                        "UPDATE {t} SET k = '0' WHERE k = 0",
                        "UPDATE {t} SET v = 1 WHERE k > 0.2",
                        "DELETE FROM {t} WHERE k = '-Infinity'")),
        INTERVAL(
                "interval",
                List.of("'1 day'", "'1 mon'", "'-00:00:01.5'", "'-1 day -02:03:04'", "'1 year -1 day'"),
                List.of(
                        "UPDATE {t} SET v = 1 WHERE k < '0'",
                        "UPDATE {t} SET k = '24:00:00' WHERE k = '1 day'",
                        "UPDATE {t} SET k = '30 days' WHERE k = '1 mon'",
                        "UPDATE {t} SET v = 1 WHERE k < '0'")),
        DATE(
                "date",
                List.of("date '2024-02-01'", "date '2024-01-02'", "date '0044-03-15 BC'", "'infinity'"),
                List.of(
                        "UPDATE {t} SET v = 9 WHERE k = date '2024-02-01'",
                        "DELETE FROM {t} WHERE k < date '0001-01-01'")),
        TIMESTAMP_WITH_ZONE(
                "timestamptz",
                List.of(
                        "timestamptz '2024-02-01 00:00:00.000001+00'",
                        "timestamptz '2024-10-27 01:30:00+00'",
                        "'-infinity'"),
                List.of("UPDATE {t} SET v = 9 WHERE k < '2024-06-01'", "DELETE FROM {t} WHERE k > '2024-06-01'")),
        MONEY(
                "money",
                List.of("'1.5'::numeric::money", "'-1234567.89'::numeric::money"),
                List.of("UPDATE {t} SET v = 9", "DELETE FROM {t} WHERE k > 0::money")),
        BYTES(
                "bytea",
                List.of("'\\x00'", "'\\x'", "'\\x0a5c4e'"),
                List.of("UPDATE {t} SET v = 1", "UPDATE {t} SET k = '\\x090d' WHERE k = '\\x00'")),
        /** What the COPY format and the line-wise handling of keys could trip over. */
        TEXT(
                "text",
                List.of(
                        "''",
                        "'\\N'",
                        "E'\\t'",
                        "E'a\\nb'",
                        "E'\\r\\n'",
                        "'\\.'",
                        "'\\'",
                        "'\\\\x'",
                        "'ü \"''🐘'",
                        "'null'"),
                List.of(
                        "UPDATE {t} SET v = 1",
                        "UPDATE {t} SET k = k || E'\\\\\\n\\t' WHERE k IN ('', '\\N', E'a\\nb')",
                        "DELETE FROM {t} WHERE k IN ('\\.', E'\\t')",
                        "INSERT INTO {t} VALUES ('', 2)")),
        /** Stored out of line, so that the new version of an updated row comes without it. */
        OUT_OF_LINE(
                "text",
                List.of(LONG_KEY.formatted("a"), LONG_KEY.formatted("b"), LONG_KEY.formatted("c"), "'short'"),
                List.of(
                        "UPDATE {t} SET v = 10 WHERE v = 0",
                        "UPDATE {t} SET k = k || 'x' WHERE v = 1",
                        "UPDATE {t} SET v = 11 WHERE v = 1",
                        "DELETE FROM {t} WHERE v = 2")),
        OUT_OF_LINE_WITH_FULL_IDENTITY(
                "text",
                List.of(LONG_KEY.formatted("a"), LONG_KEY.formatted("b"), LONG_KEY.formatted("c")),
                List.of(
                        "UPDATE {t} SET v = 10 WHERE v = 0",
                        "UPDATE {t} SET k = k || 'x' WHERE v = 1",
                        "UPDATE {t} SET v = 11 WHERE v = 1",
                        "DELETE FROM {t} WHERE v = 2")) {
            @Override
            String identity() {
                return "FULL";
            }
        };

        private final String type;

        @SuppressWarnings("ImmutableEnumChecker") // unmodifiable
        private final List<String> values;

        @SuppressWarnings("ImmutableEnumChecker") // unmodifiable
        private final List<String> changes;

        Key(String type, List<String> values, List<String> changes) {
            this.type = type;
            this.values = values;
            this.changes = changes;
        }

        String identity() {
            return "DEFAULT";
        }
    }

    @BeforeAll
    static void createDatabase() throws SQLException {
        database = SharedServers.freshDatabase();
        // Whatever the DBA likes to read.
        for (String setting : List.of(
                "DateStyle = 'SQL, DMY'",
                "IntervalStyle = 'sql_standard'",
                "extra_float_digits = -10",
                "TimeZone = 'Europe/Berlin'",
                "bytea_output = 'escape'")) {
            database.execute("ALTER DATABASE %s SET %s".formatted(database.name(), setting));
        }
        database.execute(
                Scene.sql("CREATE SCHEMA {s}").with("s", Scene.SOURCE.schema()).sql(),
                "CREATE EXTENSION citext",
                "CREATE COLLATION \"Case \"\"blind\"\"\" (provider = icu, locale = 'und-u-ks-level2', deterministic ="
                        + " false)");
    }

    @AfterAll
    static void dropDatabase() throws SQLException {
        database.close();
    }

    @ParameterizedTest
    @EnumSource
    void everyChangeOfAHardKeyArrives(Key key) throws SQLException {
        createTable(key);
        try (Scene scene = Scene.streaming(database, "k")) {
            // Changed while it is copied, and again afterwards.
            KeyBarrier barrier = scene.startPump();
            var fence = scene.beginCopy();
            scene.application("UPDATE {t} SET v = v WHERE v % 2 = 0");
            scene.finishCopy(fence);
            scene.exactStep(barrier);
            for (String change : key.changes) {
                scene.application(change);
                scene.exactStep(barrier);
            }
            scene.application("UPDATE {t} SET v = -v", "DELETE FROM {t} WHERE v = -3");
            scene.exactStep(barrier);

            assertThat(scene.loggedKeys()).isEmpty();
            assertThat(scene.shadowRows()).isPositive();
        }
    }

    @Test
    void aKeyThatChangesItsTextIsLoggedInBoth() throws SQLException {
        createTable(Key.NUMERIC);
        try (Scene scene = Scene.streaming(database, "k")) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.application("UPDATE {t} SET k = 1.00 WHERE k = 1");
            scene.settle(barrier);
            assertThat(scene.loggedKeys()).containsExactlyInAnyOrder("(1.0)", "(1.00)");
        }
    }

    @Test
    void joinedWithItsKeysARowWouldComeTwice() throws SQLException {
        createTable(Key.NUMERIC);
        try (Session session = Scene.database(database).openAsUser("join")) {
            session.execute(SqlTemplate.of("CREATE TEMPORARY TABLE keys (k numeric)"));
            session.execute(SqlTemplate.of("INSERT INTO keys VALUES (1.0), (1.00)"));
            assertThat(count(session, "SELECT count(*) FROM {t} JOIN keys USING (k)"))
                    .isEqualTo(2);
            assertThat(count(session, "SELECT count(*) FROM {t} WHERE (k) IN (SELECT k FROM keys)"))
                    .isEqualTo(1);
        }
    }

    @Test
    void theLongKeysAreReallyStoredOutOfLine() throws SQLException {
        createTable(Key.OUT_OF_LINE);
        try (Session session = Scene.database(database).openAsUser("look")) {
            SqlTemplate toast =
                    SqlTemplate.of("SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE relname = ?");
            long bytes = session.queryOne(
                    toast, row -> row.getLong(1), Scene.SOURCE.name().name());
            assertThat(bytes).isPositive();
        }
    }

    private static void createTable(Key key) throws SQLException {
        database.execute(
                Scene.sql("DROP TABLE IF EXISTS {t}").sql(),
                Scene.sql("CREATE TABLE {t} (k %s PRIMARY KEY, v int NOT NULL)".formatted(key.type))
                        .sql(),
                Scene.sql("ALTER TABLE {t} REPLICA IDENTITY " + key.identity()).sql());
        if (key.type.equals("text")) {
            database.execute(
                    Scene.sql("ALTER TABLE {t} ALTER k SET STORAGE EXTERNAL").sql());
        }
        for (int i = 0; i < key.values.size(); i++) {
            database.execute(Scene.sql("INSERT INTO {t} VALUES (%s, %d)".formatted(key.values.get(i), i))
                    .sql());
        }
    }

    private static long count(Session session, String query) throws SQLException {
        return session.queryOne(Scene.sql(query), row -> row.getLong(1));
    }
}
