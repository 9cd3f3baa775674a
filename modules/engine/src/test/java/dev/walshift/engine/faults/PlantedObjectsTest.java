package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.engine.plan.Planner;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Somebody who may create objects in a schema of his own makes some that names of others could be taken for. */
final class PlantedObjectsTest {
    private static final String BOB = "\"B\"\"ob\"";
    private static final List<String> ALTERS =
            List.of("ALTER COLUMN id TYPE bigint", "ALTER COLUMN id TYPE bigint, RENAME note TO \"No te\"");

    static Stream<Arguments> majorsAndAlters() {
        return ALTERS.stream()
                .flatMap(alter -> PostgresServer.sampledMajors(PlantedObjectsTest.class, alter).stream()
                        .map(version -> Arguments.of(version, alter)));
    }

    /** What a catalog query finds before pg_catalog's own, or in the place of a cast, were his schema searched. */
    private static void plant(TestDatabase database) throws SQLException {
        List<String> statements = List.of(
                "CREATE ROLE bob",
                "CREATE TABLE public.orders (id serial PRIMARY KEY, n int, note text)",
                "INSERT INTO public.orders (n, note) SELECT i, 'n' || i FROM generate_series(1, 100) i",
                "CREATE SCHEMA {b} AUTHORIZATION bob",
                "GRANT SELECT ON public.orders TO bob",
                "SET ROLE bob",
                "CREATE SEQUENCE {b}.ran",
                "GRANT ALL ON SCHEMA {b} TO PUBLIC",
                "GRANT ALL ON SEQUENCE {b}.ran TO PUBLIC",
                "CREATE FUNCTION {b}.ran() RETURNS boolean LANGUAGE sql AS 'SELECT nextval(''{b}.ran'') > 0'",
                "CREATE FUNCTION {b}.eq(oid, regclass) RETURNS boolean LANGUAGE sql AS 'SELECT {b}.ran() AND $1 ="
                        + " $2::oid'",
                "CREATE FUNCTION {b}.eq(oid, regnamespace) RETURNS boolean LANGUAGE sql AS 'SELECT {b}.ran() AND $1 ="
                        + " $2::oid'",
                "CREATE OPERATOR {b}.= (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = {b}.eq)",
                "CREATE OPERATOR {b}.= (LEFTARG = oid, RIGHTARG = regnamespace, FUNCTION = {b}.eq)",
                "CREATE FUNCTION {b}.format(text, name) RETURNS text LANGUAGE sql AS 'SELECT {b}.ran()::text'",
                "CREATE FUNCTION {b}.format(text, text) RETURNS text LANGUAGE sql AS 'SELECT {b}.ran()::text'",
                "CREATE FUNCTION {b}.quote_ident(name) RETURNS text LANGUAGE sql AS 'SELECT {b}.ran()::text'",
                "CREATE FUNCTION {b}.to_regclass(varchar) RETURNS regclass LANGUAGE sql AS 'SELECT"
                        + " CASE WHEN {b}.ran() THEN pg_catalog.to_regclass($1) END'",
                "CREATE FUNCTION {b}.set_config(varchar, varchar, boolean) RETURNS text LANGUAGE sql AS 'SELECT"
                        + " CASE WHEN {b}.ran() THEN pg_catalog.set_config($1, $2, $3) END'",
                "RESET ROLE");
        database.execute(statements.stream().map(it -> it.replace("{b}", BOB)).toArray(String[]::new));
    }

    /** What is bound to the table makes walshift deal with his schema. */
    private static void plantQueries(TestDatabase database) throws SQLException {
        List<String> statements = List.of(
                "SET ROLE bob",
                "CREATE VIEW {b}.v AS SELECT n, note FROM public.orders",
                "CREATE VIEW {b}.every AS SELECT * FROM public.orders",
                "CREATE MATERIALIZED VIEW {b}.sums AS SELECT sum(n) AS s FROM {b}.every",
                "CREATE FUNCTION {b}.f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(note) FROM"
                        + " public.orders; END",
                "CREATE FUNCTION {b}.label(o public.orders) RETURNS text LANGUAGE sql AS 'SELECT o.n'",
                "RESET ROLE");
        database.execute(statements.stream().map(it -> it.replace("{b}", BOB)).toArray(String[]::new));
    }

    private static MigrationRequest request(String alter) {
        return Scenario.agreeing(Consent.MATERIALIZED_VIEWS, Scenario.request("public.orders", alter));
    }

    private static void assertNothingRan(Connection connection) throws SQLException {
        assertThat(Scenario.list(connection, "SELECT is_called FROM %s.ran".formatted(BOB)))
                .containsExactly("f");
    }

    /** He need not be trusted for that: it happens before his views are refused. */
    @ParameterizedTest
    @MethodSource("majorsAndAlters")
    void aPlanRunsNoneOfThem(ServerVersion version, String alter) throws Exception {
        try (PostgresServer server = PostgresServer.start(version);
                TestDatabase database = TestDatabase.create(server);
                Connection connection = database.connect()) {
            plantFor(database);
            plantQueries(database);

            List<Problem> problems = new Planner(TestConnections.database(server.jdbcUrl("migrator", database.name())))
                    .plan(request(alter).alter())
                    .problems();

            assertThat(problems).isNotEmpty().allMatch(problem -> problem.code() == ProblemCode.MISSING_PRIVILEGE);
            assertNothingRan(connection);
        }
    }

    @ParameterizedTest
    @MethodSource("majorsAndAlters")
    void aMigrationRunsNoneOfThem(ServerVersion version, String alter) throws Exception {
        try (PostgresServer server = PostgresServer.start(version);
                TestDatabase database = TestDatabase.create(server);
                Connection connection = database.connect()) {
            plantFor(database);
            plantQueries(database);
            database.execute("GRANT bob TO migrator");

            MigrationReport report = Scenario.migration(
                            TestConnections.database(server.jdbcUrl("migrator", database.name())), request(alter))
                    .run();

            assertThat(report.verified()).isTrue();
            assertNothingRan(connection);
            assertThat(Scenario.list(
                            connection, "SELECT pg_typeof(max(id)) || ' ' || %1$s.f() FROM %1$s.every".formatted(BOB)))
                    .containsExactly("bigint 100");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** It is for the operator's own statements only, and he writes these with that in mind. */
    @ParameterizedTest
    @OnMajors
    void theRolesOwnSearchPathLeadsToNoneOfThem(ServerVersion version) throws Exception {
        try (PostgresServer server = PostgresServer.start(version);
                TestDatabase database = TestDatabase.create(server);
                Connection connection = database.connect()) {
            plantFor(database);
            database.execute("ALTER ROLE migrator SET search_path = %s, public".formatted(BOB));

            for (String alter : List.of("ADD COLUMN more text", "ALTER COLUMN id TYPE bigint")) {
                MigrationReport report = Scenario.migration(
                                TestConnections.database(server.jdbcUrl("migrator", database.name())),
                                Scenario.request("orders", alter))
                        .run();

                assertThat(report.strategy()).isEqualTo(alter.startsWith("ADD") ? Strategy.IN_PLACE : Strategy.SHADOW);
            }

            assertNothingRan(connection);
            assertThat(Scenario.list(connection, "SELECT pg_typeof(max(id)) || ' ' || count(*) FROM public.orders"))
                    .containsExactly("bigint 100");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** To a role that is no superuser. */
    private static void plantFor(TestDatabase database) throws SQLException {
        plant(database);
        database.execute(
                "CREATE ROLE shop NOLOGIN",
                "CREATE ROLE migrator LOGIN REPLICATION NOSUPERUSER IN ROLE shop",
                "GRANT CREATE, TEMPORARY ON DATABASE %s TO migrator".formatted(database.name()),
                "GRANT USAGE, CREATE ON SCHEMA public TO migrator",
                "ALTER TABLE public.orders OWNER TO shop");
    }

    /** A name without a schema would mean what he made since it was written down. */
    @ParameterizedTest
    @MethodSource("majorsAndAlters")
    void whatIsMadeMeanwhileIsNotTakenForSomethingElse(ServerVersion version, String alter) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection older = database.connect();
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            database.execute(
                    "CREATE TABLE public.orders (id int PRIMARY KEY, n int, note text)",
                    "INSERT INTO public.orders SELECT i, i, 'n' || i FROM generate_series(1, 100) i",
                    "CREATE SCHEMA app",
                    "CREATE TABLE app.lookup (n int, what text)",
                    "INSERT INTO app.lookup SELECT i, 'right' FROM generate_series(1, 100) i",
                    "CREATE FUNCTION app.fmt(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''right '' || $1'",
                    "CREATE VIEW app.kept AS SELECT o.n, l.what, app.fmt(o.note) AS f FROM public.orders o JOIN"
                            + " app.lookup l ON l.n = o.n",
                    "CREATE VIEW app.remade AS SELECT o.id, l.what, app.fmt(o.note) AS f FROM public.orders o JOIN"
                            + " app.lookup l ON l.n = o.n",
                    "CREATE FUNCTION app.g() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT l.what || app.fmt(o.note)"
                            + " FROM public.orders o JOIN app.lookup l ON l.n = o.id WHERE o.id = 7; END");
            older.setAutoCommit(false);
            Scenario.list(older, "SELECT pg_current_xact_id()");
            Migration migration = Scenario.migration(database, request(alter));
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
            await().until(() -> !Scenario.list(
                            connection, "SELECT pid FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted")
                    .isEmpty());
            database.execute(
                    "CREATE TABLE public.lookup AS SELECT n, 'wrong'::text AS what FROM app.lookup",
                    "CREATE FUNCTION public.fmt(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''wrong'''");
            older.commit();

            assertThat(running.join().verified()).isTrue();
            for (String relation : List.of("kept", "remade")) {
                assertThat(Scenario.list(
                                connection, "SELECT DISTINCT what || left(f, 7) FROM app.%s".formatted(relation)))
                        .containsExactly("rightright n");
            }
            assertThat(Scenario.list(connection, "SELECT app.g()")).containsExactly("rightright n7");
            Scenario.assertNothingLeft(connection);
        }
    }
}
