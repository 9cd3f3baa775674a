package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * Event triggers see walshift's DDL: those that only watch do no harm, one that rejects what the plan did not
 * try ends the migration.
 */
final class EventTriggersTest {
    private static final List<String> SETUP = List.of(
            "CREATE TABLE t (id int PRIMARY KEY)",
            "INSERT INTO t SELECT generate_series(1, 100)",
            "CREATE TABLE seen (tag text)",
            "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS"
                    + " 'BEGIN INSERT INTO public.seen VALUES (TG_TAG); END'",
            "CREATE FUNCTION reject() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''not today''; END'",
            "CREATE EVENT TRIGGER watches ON ddl_command_end EXECUTE FUNCTION watch()",
            "CREATE FUNCTION find() RETURNS event_trigger LANGUAGE plpgsql SET search_path = public AS"
                    + " 'BEGIN INSERT INTO seen VALUES (TG_TAG); END'",
            "CREATE EVENT TRIGGER pathfinder ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION find()",
            "CREATE EVENT TRIGGER watches_drops ON sql_drop EXECUTE FUNCTION watch()");

    @ParameterizedTest
    @OnMajors
    void mayWatch(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(SETUP.toArray(String[]::new));
            Migration migration = Scenario.migration(database, Scenario.request("t", "ALTER id TYPE bigint"));

            assertThat(migration.plan().notices())
                    .contains(
                            "event trigger watches will see walshift's own DDL, with search_path pg_catalog; if its"
                                    + " function names anything without a schema: ALTER FUNCTION public.watch() SET"
                                    + " search_path = ...",
                            "event trigger pathfinder will see walshift's own DDL");
            assertThat(migration.run().verified()).isTrue();
            assertThat(Scenario.list(connection, "SELECT DISTINCT tag FROM seen"))
                    .contains("CREATE PUBLICATION", "DROP SCHEMA");
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void endTheMigrationWithTheirOwnWords(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(SETUP.toArray(String[]::new));
            database.execute("CREATE EVENT TRIGGER rejects ON ddl_command_start WHEN TAG IN ('CREATE PUBLICATION')"
                    + " EXECUTE FUNCTION reject()");
            Migration migration = Scenario.migration(database, Scenario.request("t", "ALTER id TYPE bigint"));

            assertThatThrownBy(migration::run)
                    .isInstanceOf(FailedException.class)
                    .hasMessageContaining("not today")
                    .hasMessageContaining("PL/pgSQL function public.reject()");

            assertThat(Scenario.list(connection, "SELECT count(*) || ' ' || pg_typeof(max(id)) FROM t"))
                    .containsExactly("100 integer");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** The role's own search_path is not walshift's. */
    @ParameterizedTest
    @OnMajors
    void areToldHowToFindWhatTheyNameWithoutASchema(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(SETUP.toArray(String[]::new));
            database.execute(
                    "CREATE FUNCTION \"lo;st\"() RETURNS event_trigger LANGUAGE plpgsql AS"
                            + " 'BEGIN INSERT INTO seen VALUES (TG_TAG); END'",
                    "CREATE EVENT TRIGGER loses ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION"
                            + " \"lo;st\"()");
            Migration migration = Scenario.migration(database, Scenario.request("t", "ALTER id TYPE bigint"));

            assertThat(migration.plan().problems()).singleElement().satisfies(problem -> {
                assertThat(problem.message())
                        .startsWith("event trigger loses rejects walshift's DDL: relation \"seen\" does not exist");
                assertThat(problem.remedy())
                        .contains("ALTER FUNCTION public.\"lo;st\"() SET search_path = ...")
                        .contains("ALTER EVENT TRIGGER \"loses\" DISABLE");
            });
            database.execute(
                    "DROP EVENT TRIGGER loses",
                    "CREATE EVENT TRIGGER loses ON ddl_command_end WHEN TAG IN ('CREATE PUBLICATION') EXECUTE FUNCTION"
                            + " \"lo;st\"()");
            assertThatThrownBy(migration::run)
                    .isInstanceOf(FailedException.class)
                    .hasMessageContaining("relation \"seen\" does not exist")
                    .hasMessageContaining("lo;st")
                    .extracting(e -> ((FailedException) e).remedy())
                    .asString()
                    .contains("SET search_path = ...");
            Scenario.assertNothingLeft(connection);
            database.execute("ALTER FUNCTION \"lo;st\"() SET search_path = public");
            assertThat(Scenario.migration(database, Scenario.request("t", "ALTER id TYPE bigint"))
                            .run()
                            .verified())
                    .isTrue();
        }
    }

    /** So are functions that the table itself calls, once rows are copied. */
    @ParameterizedTest
    @OnMajors
    void soAreFunctionsOfConstraints(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE most (n int)",
                    "INSERT INTO most VALUES (1000)",
                    "CREATE FUNCTION fits(n int) RETURNS boolean LANGUAGE plpgsql AS"
                            + " 'BEGIN RETURN n < (SELECT most.n FROM most); END'",
                    "CREATE TABLE t (id int PRIMARY KEY CHECK (fits(id)))",
                    "INSERT INTO t SELECT generate_series(1, 100)");

            Migration migration =
                    Scenario.migration(database, Scenario.request("t", "ADD u uuid DEFAULT gen_random_uuid()"));

            assertThatThrownBy(migration::run)
                    .isInstanceOf(InterruptedMigrationException.class)
                    .hasMessageContaining("relation \"most\" does not exist")
                    .hasMessageContaining("public.fits(integer)")
                    .extracting(e -> ((InterruptedMigrationException) e).remedy())
                    .asString()
                    .contains("SET search_path = ...")
                    .contains("Run the same command again");

            database.execute("ALTER FUNCTION fits(int) SET search_path = public");
            assertThat(migration.run().verified()).isTrue();
            Scenario.assertNothingLeft(connection);
        }
    }
}
