package dev.walshift.engine.migration;

import static dev.walshift.engine.migration.HostileTriggers.fill;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A table of the operator's own DDL has the triggers of the present one, and each partition its part of them. */
final class TargetTriggersTest {
    private static final int ROWS = 3_000;

    private static final String PRESENT = "CREATE TABLE {t} (id int PRIMARY KEY, \"a\"\"on \" text, n int, v int)";

    private static final String ONE_IS_OFF = "ALTER TABLE {t} DISABLE TRIGGER emptied";

    /** Partitions of partitions, and one with its columns in another order. */
    private static final String PARTED = """
        CREATE TABLE {n} (id bigint, "a""on " text, n int, v int DEFAULT 1, PRIMARY KEY (id, n)) PARTITION BY RANGE (n);
        CREATE TABLE "p; 1" PARTITION OF {n} FOR VALUES FROM (MINVALUE) TO (1000);
        CREATE TABLE second (v int, n int NOT NULL, "a""on " text, id bigint NOT NULL) PARTITION BY HASH (id);
        CREATE TABLE second_a PARTITION OF second FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE second_b PARTITION OF second FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        ALTER TABLE {n} ATTACH PARTITION second FOR VALUES FROM (1000) TO (2000);
        CREATE TABLE rest PARTITION OF {n} DEFAULT
        """;

    private static final String PLAIN = "CREATE TABLE {n} (v int, id bigint PRIMARY KEY, \"a\"\"on \" text, n int)";

    /** Also those that the server made by itself, which are internal up to 14. */
    private static final String TELL = """
        SELECT concat_ws(' | ', t.tgrelid::regclass, pg_get_triggerdef(t.oid), t.tgenabled, t.tgisinternal, t.tgdeferrable, t.tginitdeferred,
                         t.tgconstrrelid::regclass, t.tgtype, p.tgrelid::regclass, p.tgname, obj_description(t.oid, 'pg_trigger'),
                         obj_description(t.tgconstraint, 'pg_constraint'),
                         (SELECT count(*) FROM pg_depend d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid
                                                             AND d.deptype = 'x'))
          FROM pg_trigger t
          JOIN pg_class c ON c.oid = t.tgrelid AND c.relnamespace = '{s}'::regnamespace
          LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
         ORDER BY 1
        """;

    private static final String ENABLED_OTHERWISE =
            "SELECT t.tgname FROM pg_trigger t JOIN pg_trigger p ON p.oid = t.tgparentid AND p.tgenabled <>"
                    + " t.tgenabled";

    static Stream<Arguments> targets() {
        return Stream.of(PARTED, PLAIN)
                .flatMap(ddl -> PostgresServer.sampledMajors(TargetTriggersTest.class, ddl).stream()
                        .map(major -> Arguments.of(major, ddl)));
    }

    private static void prepare(TestDatabase database) throws SQLException {
        prepare(
                database,
                PRESENT,
                "INSERT INTO {t} SELECT i, 'a' || i, i FROM generate_series(1, %d) i".formatted(ROWS));
    }

    private static void prepare(TestDatabase database, String... table) throws SQLException {
        database.execute(fill(HostileTriggers.BEFORE));
        database.execute(fill(List.of(table)));
        database.execute(fill(HostileTriggers.TRIGGERS));
        database.execute(fill(ONE_IS_OFF));
    }

    private static MigrationRequest request(String ddl, Map<Identifier, String> using) {
        AlterRequest alter =
                new AlterRequest(Optional.of(HostileTriggers.TABLE), List.of(), using, List.of()).by(fill(ddl));
        return new MigrationRequest(alter, 2, true, VerifyMode.FULL);
    }

    private static List<String> log(Connection connection) throws SQLException {
        return Scenario.list(connection, fill("SELECT concat_ws(' ', who, what, place) FROM {s}.log ORDER BY 1"));
    }

    @ParameterizedTest
    @MethodSource("targets")
    void areThoseOfTheSameTableMadeByHand(ServerVersion major, String ddl) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                TestDatabase direct = SharedServers.freshDatabase(major);
                Connection connection = database.connect();
                Connection expected = direct.connect()) {
            prepare(database);
            prepare(direct, "SET search_path = {s}; " + ddl);

            MigrationReport report =
                    Scenario.migration(database, request(ddl, Map.of())).run();

            assertThat(report.verified()).isTrue();
            List<String> made = Scenario.list(connection, fill(TELL));
            assertThat(made).isEqualTo(Scenario.list(expected, fill(TELL)));
            assertThat(made).hasSize(ddl.equals(PARTED) ? 10 + 5 * 7 : 10);
            assertThat(Scenario.list(connection, ENABLED_OTHERWISE)).isEmpty();
            assertThat(log(connection)).isEmpty();
            Scenario.assertNothingLeft(connection);
        }
    }

    /** As the plan and the documentation say. */
    @ParameterizedTest
    @OnMajors
    void fireOnThePartitions(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            prepare(database);
            Scenario.migration(database, request(PARTED, Map.of())).run();

            database.execute(fill("UPDATE {t} SET n = 5000, v = 2 WHERE id = 7"));

            assertThat(log(connection))
                    .containsExactly(
                            "always INSERT rest",
                            "before_row DELETE p; 1",
                            "before_row INSERT rest",
                            "before_row UPDATE p; 1",
                            "changed UPDATE p; 1",
                            "late DELETE p; 1",
                            "late INSERT rest",
                            fill("on Täble,x,on {t},\\'? INSERT rest"));
            database.execute(fill("CREATE FUNCTION {s}.later() RETURNS trigger LANGUAGE plpgsql AS"
                    + " 'BEGIN NEW.n := 5000; RETURN NEW; END'"));
            database.execute(fill("CREATE TRIGGER z BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {s}.later()"));
            assertThatThrownBy(() -> database.execute(fill("INSERT INTO {t} VALUES (0, '', 0)")))
                    .hasMessageContaining("moving row to another partition during a BEFORE FOR EACH ROW trigger");
        }
    }

    @ParameterizedTest
    @OnMajors
    void fireOnceForEachWriteOfTheApplicationAllAlong(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            prepare(database);
            String each;
            try (Application application = Application.start(database, 10_000, TargetTriggersTest::write)) {
                MigrationReport report =
                        Scenario.migration(database, request(PARTED, Map.of())).run();
                each = Integer.toString(application.end());
                assertThat(report.keysApplied()).isPositive();
            }

            assertThat(Scenario.list(
                            connection,
                            fill("SELECT concat_ws(' ', who, what, count(*)) FROM {s}.log GROUP BY who, what"
                                    + " ORDER BY who, what")))
                    .containsExactly(
                            "always INSERT " + each,
                            "before_row INSERT " + each,
                            "before_row UPDATE " + each,
                            "changed UPDATE " + each,
                            "late INSERT " + each,
                            "rows_of_statement 1 " + each);
        }
    }

    /** None of its updates moves a row. */
    private static void write(Statement statement, int id) throws SQLException {
        statement.execute(fill("INSERT INTO {t} VALUES (%d, 'x', %d)".formatted(id, id % 3 - 1000)));
        statement.execute(fill("UPDATE {t} SET v = 7 WHERE id = " + id));
    }

    @ParameterizedTest
    @OnMajors
    void areThereAfterAMigrationThatWasInterrupted(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            prepare(database);
            List<String> before = Scenario.list(connection, fill(TELL));
            Gate gate = Gate.closedAt(database, ROWS / 2);
            Migration first =
                    Scenario.migration(database, request(PARTED, Map.of(new Identifier("v"), "public.gate(id)")));
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(first::run, threads);
            gate.awaitArrival();
            first.stop();
            gate.open();
            assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedMigrationException.class);

            MigrationReport report = Migration.resume(
                            TestConnections.database(database), 1, Scenario.SETTINGS, asBegun -> asBegun)
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(connection, fill(TELL)))
                    .containsAll(before)
                    .hasSize(10 + 5 * 7);
            assertThat(log(connection)).isEmpty();
            gate.close();
        }
    }
}
