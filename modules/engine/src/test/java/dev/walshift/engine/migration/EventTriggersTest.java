package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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
            "CREATE EVENT TRIGGER watches_drops ON sql_drop EXECUTE FUNCTION watch()");

    static List<ServerVersion> majors() {
        return PostgresServer.defaultMajors();
    }

    @ParameterizedTest
    @MethodSource("majors")
    void mayWatch(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(SETUP.toArray(String[]::new));
            Migration migration = Scenario.migration(database, Scenario.request("t", "ALTER id TYPE bigint"));

            assertThat(migration.plan().notices())
                    .contains(
                            "event trigger watches will see walshift's own DDL",
                            "event trigger watches_drops will see walshift's own DDL");
            assertThat(migration.run().verified()).isTrue();
            assertThat(Scenario.list(connection, "SELECT DISTINCT tag FROM seen"))
                    .contains("CREATE PUBLICATION", "DROP SCHEMA");
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @MethodSource("majors")
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
}
