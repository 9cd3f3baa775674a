package dev.walshift.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.migration.FailedException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.params.ParameterizedTest;

/** Somebody makes a function that fits better than the one that definitions call, before they are made anew for the swap. */
final class OverloadsMeanwhileTest {
    private static final String[] CALLERS = {
        "CREATE SCHEMA \"A\"\"pp\"",
        "CREATE FUNCTION \"A\"\"pp\".fmt(anyelement) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''old'''",
        "CREATE VIEW shown AS SELECT \"A\"\"pp\".fmt(note) AS note FROM orders",
        "CREATE FUNCTION shown_to() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT \"A\"\"pp\".fmt(note) FROM orders"
                + " LIMIT 1; END"
    };

    private static final String BETTER =
            "CREATE FUNCTION \"A\"\"pp\".fmt(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''new'''";

    private static Migration migration(TestDatabase database) {
        return Scenario.migration(database, Scenario.request("orders", Hold.ALTER));
    }

    private static void assertAsBefore(Connection connection, FailedException failure) throws SQLException {
        assertThat(failure.code()).isEqualTo(ProblemCode.SOURCE_CHANGED);
        assertThat(failure).hasMessageContaining("function \"A\"\"pp\".fmt(text)");
        assertThat(failure.remedy()).contains("Plan the migration again");
        assertThat(Scenario.list(connection, "SELECT DISTINCT note FROM shown UNION SELECT shown_to()"))
                .containsExactly("old");
        assertThat(Scenario.list(connection, "SELECT pg_typeof(id) FROM orders LIMIT 1"))
                .containsExactly("integer");
        Scenario.assertNothingLeft(connection);
    }

    /** Makes it as soon as the condition holds after, or before, a statement of walshift's own. */
    private static void intrude(TestDatabase database, String event, String condition) throws SQLException {
        database.execute(
                """
                CREATE FUNCTION intrude() RETURNS event_trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF to_regprocedure('"A""pp".fmt(text)') IS NULL AND %s THEN
                        %s;
                    END IF;
                END $$
                """.formatted(condition, BETTER),
                "CREATE EVENT TRIGGER intruder ON %s EXECUTE FUNCTION intrude()".formatted(event));
    }

    @ParameterizedTest
    @OnMajors
    void itIsToldAtOnce(ServerVersion version) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Hold.createTable(database);
            database.execute(CALLERS);
            Migration migration = migration(database);
            try (Hold hold = Hold.at(Station.INDEX, database)) {
                CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
                hold.awaitArrival(migration);
                database.execute(BETTER);

                assertAsBefore(connection, failure(running));
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void soIsOneThatTheMappingWouldCall(ServerVersion version) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Hold.createTable(database);
            database.execute("DROP INDEX orders_k");
            Migration migration = migration(database);
            CompletableFuture<MigrationReport> running;
            try (Hold hold = Hold.at(Station.COPY, database)) {
                running = CompletableFuture.supplyAsync(migration::run, threads);
                hold.awaitArrival(migration);
                database.execute(
                        "CREATE FUNCTION gate(n int, m int DEFAULT 0) RETURNS bigint LANGUAGE sql AS 'SELECT 0'");
            }

            assertThat(failure(running))
                    .hasMessageContaining("function public.gate(n integer, m integer) with defaults for the last 1");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** It comes in the transaction that makes the shadow, when the definitions have been tried. */
    @ParameterizedTest
    @OnMajors
    void whatCameAfterTheTrialsIsNotTakenForWhatWasThere(ServerVersion version) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection connection = database.connect()) {
            Hold.createTable(database);
            database.execute(CALLERS);
            intrude(
                    database,
                    "ddl_command_end WHEN TAG IN ('ALTER TABLE')",
                    "EXISTS (SELECT FROM pg_class WHERE relname = 'orders' AND reloptions @>"
                            + " '{autovacuum_enabled=false}')");

            FailedException failure = failure(CompletableFuture.supplyAsync(migration(database)::run));

            assertThat(failure).hasMessageContaining("function \"A\"\"pp\".fmt(text)");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** It comes in the swap's own transaction, after the last look before it. */
    @ParameterizedTest
    @OnMajors
    void theSwapIsTakenBackIfItCameMeanwhile(ServerVersion version) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection connection = database.connect()) {
            Hold.createTable(database);
            database.execute(CALLERS);
            intrude(
                    database,
                    "ddl_command_start WHEN TAG IN ('CREATE VIEW')",
                    "current_setting('application_name') = 'walshift cutover'");

            assertAsBefore(connection, failure(CompletableFuture.supplyAsync(migration(database)::run)));
        }
    }

    private static FailedException failure(CompletableFuture<MigrationReport> running) {
        try {
            MigrationReport report = running.join();
            throw new AssertionError("the tables were swapped: " + report);
        } catch (CompletionException e) {
            assertThat(e).hasCauseInstanceOf(FailedException.class);
            return (FailedException) e.getCause();
        }
    }
}
