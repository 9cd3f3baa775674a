package dev.walshift.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.migration.FailedException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Another DBA changes whose a serial's sequence is while its table is migrated: that is neither undone nor passed over. */
final class SequencesMeanwhileTest {
    private static final String OWNER = """
        SELECT coalesce((SELECT format('%s.%s', d.refobjid::regclass, a.attname)
                           FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                          WHERE d.objid = '"S eq"'::regclass AND d.deptype = 'a'), 'nobody')
        """;

    static Stream<Arguments> encounters() {
        List<Arguments> cases = PostgresServer.sampledMajors(SequencesMeanwhileTest.class).stream()
                .flatMap(version -> Stream.of(
                        Arguments.of(version, Station.BEFORE_THE_FENCE, "NONE", "nobody"),
                        Arguments.of(version, Station.INDEX, "NONE", "nobody"),
                        Arguments.of(version, Station.INDEX, "orders.k", "orders.k"),
                        Arguments.of(version, Station.COPY, "others.id", "others.id"),
                        // Once the migration has let it go.
                        Arguments.of(version, Station.BEFORE_THE_SWAP, "orders.k", "orders.k"),
                        Arguments.of(version, Station.LOCK_QUEUE, "others.id", "others.id")))
                .toList();
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("encounters")
    void theNewOwnerStaysAndNothingIsSwapped(ServerVersion version, Station station, String owner, String found)
            throws Exception {
        try (TestDatabase database = database(version);
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Migration migration = migration(database);
            CompletableFuture<MigrationReport> running;
            try (Hold hold = Hold.at(station, database)) {
                running = CompletableFuture.supplyAsync(migration::run, threads);
                hold.awaitArrival(migration);
                database.execute("ALTER SEQUENCE \"S eq\" OWNED BY " + owner);
                if (station == Station.INDEX) {
                    // Long before it would be met at the swap.
                    failure(running);
                    assertThat(migration.progress().phase()).isEqualTo(Phase.INDEX);
                }
            }

            FailedException failure = failure(running);

            assertThat(failure.code()).isEqualTo(ProblemCode.SOURCE_CHANGED);
            assertThat(failure).hasMessageContaining("sequence \"public\".\"S eq\" is owned by");
            assertThat(failure.remedy()).contains("Plan the migration again");
            assertThat(Scenario.list(connection, OWNER)).containsExactly(found);
            assertThat(Scenario.list(connection, "SELECT pg_typeof(id) FROM orders LIMIT 1"))
                    .containsExactly("integer");
            assertThat(Scenario.list(connection, "INSERT INTO orders (n) VALUES (0) RETURNING id"))
                    .containsExactly(Integer.toString(Hold.ROWS + 1));
            Scenario.assertNothingLeft(connection);
        }
    }

    private static TestDatabase database(ServerVersion version) throws SQLException {
        TestDatabase database = SharedServers.freshDatabase(version);
        Hold.createTable(database);
        database.execute("ALTER SEQUENCE orders_id_seq RENAME TO \"S eq\"", "CREATE TABLE others (id int)");
        return database;
    }

    private static Migration migration(TestDatabase database) {
        return Scenario.migration(database, Scenario.request("orders", Hold.ALTER));
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
