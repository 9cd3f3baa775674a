package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Triggers of all kinds are the same after the swap, and fire for the application alone. */
final class TriggersTest {
    private static final String T = "\"Sh\"\"op; --\".\"Or\"\"der; Täble\"";
    private static final String O = "\"Sh\"\"op; --\".\"on\"";

    private static final List<String> SETUP = List.of(
            "CREATE SCHEMA {s}",
            "CREATE EXTENSION citext",
            "CREATE TABLE {t} (id int PRIMARY KEY, \"a\"\"on \" text, n int, v int DEFAULT 1)",
            "CREATE TABLE {o} (x int PRIMARY KEY)",
            "INSERT INTO {t} SELECT i, 'a' || i, i FROM generate_series(1, 3000) i",
            "CREATE TABLE {s}.log (who text, what text)",
            """
            CREATE FUNCTION {s}."no; te"() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO {s}.log VALUES (TG_NAME || COALESCE(',' || array_to_string(TG_ARGV, ','), ''), TG_OP);
                RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
            END $$
            """,
            """
            CREATE FUNCTION {s}.count_new() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO {s}.log SELECT TG_NAME, count(*) FROM "new ""rows";
                RETURN NULL;
            END $$
            """,
            "CREATE TRIGGER before_row BEFORE INSERT OR DELETE OR UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION"
                    + " {s}.\"no; te\"()",
            "CREATE TRIGGER \"on Täble\" AFTER INSERT OR UPDATE OF n, \"a\"\"on \" ON {t} FOR EACH ROW"
                    + " WHEN (NEW.n > 5 AND NEW.\"a\"\"on \" IS DISTINCT FROM ' ON {t} ''?''')"
                    + " EXECUTE FUNCTION {s}.\"no; te\"('x', 'on {t}', E'\\\\''?')",
            "CREATE TRIGGER changed BEFORE UPDATE ON {t} FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)"
                    + " EXECUTE FUNCTION {s}.\"no; te\"()",
            "CREATE TRIGGER rows_of_statement AFTER INSERT ON {t} REFERENCING NEW TABLE AS \"new \"\"rows\""
                    + " FOR EACH STATEMENT EXECUTE FUNCTION {s}.count_new()",
            "CREATE TRIGGER emptied BEFORE TRUNCATE ON {t} FOR EACH STATEMENT EXECUTE FUNCTION {s}.\"no; te\"()",
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT OR DELETE ON {t} FROM {o} DEFERRABLE INITIALLY DEFERRED"
                    + " FOR EACH ROW WHEN (true) EXECUTE FUNCTION {s}.\"no; te\"()",
            "CREATE TRIGGER replicas BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.\"no; te\"()",
            "ALTER TABLE {t} ENABLE REPLICA TRIGGER replicas",
            "CREATE TRIGGER always BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.\"no; te\"()",
            "ALTER TABLE {t} ENABLE ALWAYS TRIGGER always",
            "CREATE TRIGGER off BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.\"no; te\"()",
            "ALTER TABLE {t} DISABLE TRIGGER off",
            "COMMENT ON TRIGGER off ON {t} IS 'isn''t \\ on?'",
            "COMMENT ON TRIGGER late ON {t} IS 'a trigger'",
            "COMMENT ON CONSTRAINT late ON {t} IS 'a constraint'",
            "ALTER TRIGGER always ON {t} DEPENDS ON EXTENSION citext",
            // Of another table, made FROM this one.
            "CREATE CONSTRAINT TRIGGER elsewhere AFTER DELETE ON {o} FROM {t} FOR EACH ROW EXECUTE FUNCTION {s}.\"no;"
                    + " te\"()",
            "ALTER TABLE {o} ENABLE ALWAYS TRIGGER elsewhere",
            "COMMENT ON TRIGGER elsewhere ON {o} IS 'there'");

    static List<ServerVersion> majors() {
        return PostgresServer.defaultMajors();
    }

    private static String fill(String sql) {
        return sql.replace("{t}", T).replace("{o}", O).replace("{s}", "\"Sh\"\"op; --\"");
    }

    private static void prepare(TestDatabase database) throws SQLException {
        database.execute(SETUP.stream().map(TriggersTest::fill).toArray(String[]::new));
    }

    @ParameterizedTest
    @MethodSource("majors")
    void areTheSameAfterTheSwapAndDidNotFireForIt(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            prepare(database);
            List<String> before = AttachedObjects.tell(connection);
            assertThat(before).filteredOn(line -> line.startsWith("trigger")).hasSize(10);

            MigrationReport report = Scenario.migration(
                            database, Scenario.request(T, "ALTER id TYPE bigint, ALTER n TYPE bigint"))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(AttachedObjects.tell(connection)).isEqualTo(before);
            String log = fill("SELECT who || ' ' || what FROM {s}.log ORDER BY 1");
            assertThat(Scenario.list(connection, log)).isEmpty();
            database.execute(fill("INSERT INTO {t} VALUES (0, 'x', 7)"));
            database.execute(fill("UPDATE {t} SET v = 2 WHERE id = 0"));
            database.execute(fill("UPDATE {t} SET v = 2 WHERE id = 0"));
            database.execute(fill("DELETE FROM {t} WHERE id = 0"));
            assertThat(Scenario.list(connection, log))
                    .containsExactlyInAnyOrder(
                            "always INSERT",
                            "before_row DELETE",
                            "before_row INSERT",
                            "before_row UPDATE",
                            "before_row UPDATE",
                            "changed UPDATE",
                            "late DELETE",
                            "late INSERT",
                            fill("on Täble,x,on {t},\\'? INSERT"),
                            "rows_of_statement 1");
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
    void fireOnceForEachWriteOfTheApplicationAllAlong(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            prepare(database);
            database.execute(fill("ALTER TABLE {t} DISABLE TRIGGER rows_of_statement"));
            AtomicBoolean enough = new AtomicBoolean();
            CountDownLatch begun = new CountDownLatch(1);
            CompletableFuture<Integer> writes = CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            return write(database, enough, begun);
                        } catch (SQLException e) {
                            throw new IllegalStateException(e);
                        } finally {
                            begun.countDown();
                        }
                    },
                    threads);
            try {
                begun.await();
                MigrationReport report = Scenario.migration(database, Scenario.request(T, "ALTER n TYPE bigint"))
                        .run();
                assertThat(report.keysApplied()).isPositive();
            } finally {
                enough.set(true);
            }

            assertThat(writes.join()).isPositive();
            for (String trigger : List.of("before_row", "late", "always")) {
                assertThat(Scenario.list(
                                connection, fill("SELECT count(*) FROM {s}.log WHERE who = '%s'".formatted(trigger))))
                        .containsExactly(writes.join().toString());
            }
        }
    }

    private static int write(TestDatabase database, AtomicBoolean enough, CountDownLatch begun) throws SQLException {
        int writes = 0;
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            while (!enough.get()) {
                writes +=
                        statement.executeUpdate(fill("INSERT INTO {t} VALUES (%d, 'x', 1)".formatted(10_000 + writes)));
                begun.countDown();
            }
        }
        return writes;
    }
}
