package dev.walshift.testkit.workload;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.PostgresServer.StopMode;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Expectation;
import dev.walshift.testkit.oracle.Oracle;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WorkloadTest {
    private static final int ROWS = 2_000;
    private static final int WRITERS = 3;

    private long seed;

    @BeforeEach
    void chooseSeed() {
        seed = Long.getLong("walshift.test.seed", System.nanoTime());
        System.out.printf("repeat with -Dwalshift.test.seed=%d%n", seed);
    }

    @ParameterizedTest
    @EnumSource(KeyKind.class)
    void truthEqualsTheTableForEveryKindOfKey(KeyKind keyKind) throws SQLException {
        try (TestDatabase database = SharedServers.freshDatabase();
                Connection connection = database.connect()) {
            Truth loaded = WorkloadTable.hostile(keyKind).create(connection, ROWS);
            requireExact(connection, loaded);

            Truth truth = writeUntilAllOperationsWereDone(database, loaded);

            assertThat(truth.changes()).hasSizeGreaterThan(100);
            requireExact(connection, truth);
        }
    }

    @ParameterizedTest
    @OnMajors
    void truthOutlivesCrashesAndTerminatedSessions(ServerVersion version) throws SQLException {
        try (PostgresServer server = PostgresServer.start(version);
                TestDatabase database = TestDatabase.create(server);
                Connection first = database.connect()) {
            Truth loaded = WorkloadTable.hostile(KeyKind.INT).create(first, ROWS);
            Mix mix = Mix.everything().with(Operation.PREPARED, 30);
            try (Workload workload = Workload.start(
                    database::connect, loaded, WorkloadOptions.of(seed, WRITERS).with(mix))) {
                for (int round = 0; round < 5; round++) {
                    awaitTransactions(workload, 100);
                    database.execute("""
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'workload%'
                        """);
                    awaitTransactions(workload, 200);
                    server.stop(StopMode.IMMEDIATE);
                    server.startAgain();
                }
                Truth truth = workload.stop();

                assertThat(workload.errors()).isEmpty();
                assertThat(workload.stats().lostConnections()).isGreaterThanOrEqualTo(2 * WRITERS);
                try (Connection connection = database.connect()) {
                    requireExact(connection, truth);
                }
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void writersGoOnWhenAnotherTableTakesTheName(ServerVersion version) throws SQLException {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection connection = database.connect()) {
            WorkloadTable table = WorkloadTable.hostile(KeyKind.INT).withoutWriting(Column.AMOUNT);
            Truth loaded = table.create(connection, ROWS);
            try (Workload workload = Workload.start(database::connect, loaded, WorkloadOptions.of(seed, WRITERS))) {
                awaitTransactions(workload, 500);
                exchangeTable(connection, table);
                awaitTransactions(workload, 500);
                Truth truth = workload.stop();

                assertThat(workload.errors()).isEmpty();
                Expectation expectation = Expectation.unchanged(table)
                        .renamed(table.column(Column.AMOUNT), new Identifier("price"))
                        .computed(new Identifier("added"), row -> Optional.of("1"));
                Oracle.compare(connection, truth, expectation).requireExact();
            }
        }
    }

    /** What a cutover looks like to the writers: under the same name another table, with a wider key. */
    private static void exchangeTable(Connection connection, WorkloadTable table) throws SQLException {
        String retired = "\"old %d\"".formatted(table.hashCode());
        List<String> statements = List.of(
                "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
                "CREATE TABLE {schema}.exchanged (LIKE {table} INCLUDING ALL)",
                "ALTER TABLE {schema}.exchanged ALTER COLUMN {key} TYPE bigint, ADD COLUMN added int DEFAULT 1",
                "INSERT INTO {schema}.exchanged SELECT * FROM {table}",
                "ALTER TABLE {schema}.exchanged RENAME COLUMN {amount} TO price",
                "ALTER TABLE {table} RENAME TO {retired}",
                "ALTER TABLE {schema}.exchanged RENAME TO {name}");
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql.replace("{schema}", table.name().schema().sql())
                        .replace("{key}", table.keyColumns().getFirst().sql())
                        .replace("{amount}", table.column(Column.AMOUNT).sql())
                        .replace("{retired}", retired)
                        .replace("{table}", table.name().sql())
                        .replace("{name}", table.name().name().sql()));
            }
            connection.commit();
        } finally {
            connection.setAutoCommit(true);
        }
    }

    @Test
    void truncateEmptiesTheTruthAsWell() throws SQLException {
        try (TestDatabase database = SharedServers.freshDatabase();
                Connection connection = database.connect()) {
            Truth loaded = WorkloadTable.hostile(KeyKind.COMPOSITE).create(connection, ROWS);
            try (Workload workload = Workload.start(database::connect, loaded, WorkloadOptions.of(seed, WRITERS))) {
                awaitTransactions(workload, 200);
                workload.truncate(connection);
                awaitTransactions(workload, 200);
                Truth truth = workload.stop();

                assertThat(workload.errors()).isEmpty();
                assertThat(truth.rows()).isBetween(1L, ROWS / 2L);
                requireExact(connection, truth);
            }
        }
    }

    @Test
    void goesOnFromAFormerTruthWithOtherWritersAndFewerColumns() throws SQLException {
        try (TestDatabase database = SharedServers.freshDatabase();
                Connection connection = database.connect()) {
            WorkloadTable table =
                    WorkloadTable.hostile(KeyKind.UUID).withoutWriting(Column.PAYLOAD, Column.AMOUNT, Column.COUNTER);
            Truth loaded = table.create(connection, ROWS);
            Truth first = writeUntilAllOperationsWereDone(database, loaded);
            try (Workload workload = Workload.start(database::connect, first, WorkloadOptions.of(seed, 5))) {
                awaitTransactions(workload, 500);
                Truth second = workload.stop();

                assertThat(workload.errors()).isEmpty();
                requireExact(connection, second);
            }
        }
    }

    @Test
    void ordersAreWrittenByAShop() throws SQLException {
        try (TestDatabase database = SharedServers.freshDatabase();
                Connection connection = database.connect()) {
            Truth loaded = WorkloadTable.orders().create(connection, ROWS);
            WorkloadOptions options =
                    WorkloadOptions.of(seed, WRITERS).with(Mix.shop()).with(Duration.ofMillis(1));
            try (Workload workload = Workload.start(database::connect, loaded, options)) {
                WorkloadStats before = workload.stats();
                awaitTransactions(workload, 300);
                WorkloadStats window = workload.stats().since(before);
                Truth truth = workload.stop();

                assertThat(workload.errors()).isEmpty();
                assertThat(window.transactionsPerSecond()).isPositive();
                assertThat(window.latency().worst())
                        .isGreaterThanOrEqualTo(window.latency().p99());
                assertThat(window.latency(Operation.PREPARED).count()).isZero();
                requireExact(connection, truth);
            }
        }
    }

    @Test
    void reportsRowsThatAreGone() throws SQLException {
        // TRUNCATE takes its lock at once; a DELETE meets the writers row by row, and one of both gets a deadlock.
        WorkloadError error =
                errorAfter("TRUNCATE items", found -> found.message().contains("changed 0 rows instead of one"));

        assertThat(error.statement()).contains("items");
    }

    @Test
    void reportsStatementsThatFail() throws SQLException {
        WorkloadError error = errorAfter(
                "ALTER TABLE items DROP COLUMN touched",
                found -> found.sqlState().equals("42703"));

        assertThat(error.statement()).contains("\"touched\"");
    }

    /** One thing at a time: only the first hundred errors are kept, which soon is all of one kind. */
    private WorkloadError errorAfter(String disturbance, Predicate<WorkloadError> expected) throws SQLException {
        try (TestDatabase database = SharedServers.freshDatabase();
                Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            Truth loaded = WorkloadTable.plain(KeyKind.INT).create(connection, ROWS);
            try (Workload workload = Workload.start(database::connect, loaded, WorkloadOptions.of(seed, WRITERS))) {
                awaitTransactions(workload, 50);
                statement.execute(disturbance);
                await().atMost(Duration.ofMinutes(1))
                        .until(() -> workload.errors().stream().anyMatch(expected));
                return workload.errors().stream().filter(expected).findFirst().orElseThrow();
            }
        }
    }

    @Test
    void refusesWhatItCannotDo() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Mix(Map.of(Operation.INSERT, 0)))
                .withMessage("weights must be 0 or more and not all 0, got {INSERT=0}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WorkloadOptions.of(1, 0))
                .withMessage("writers must be 1 or more, got 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WorkloadTable.plain(KeyKind.INT).withoutWriting(Column.TOUCHED))
                .withMessageStartingWith("CODE and TOUCHED must be written");
    }

    @Test
    void hostileNameFillsAllBytes() {
        assertThat(WorkloadTable.hostile(KeyKind.INT).name().name().name())
                .satisfies(name -> assertThat(name.getBytes(UTF_8)).hasSize(63));
    }

    private Truth writeUntilAllOperationsWereDone(TestDatabase database, Truth start) throws SQLException {
        try (Workload workload = Workload.start(database::connect, start, WorkloadOptions.of(seed, WRITERS))) {
            await().atMost(Duration.ofMinutes(1)).until(() -> {
                WorkloadStats stats = workload.stats();
                return stats.transactions() >= 500
                        && List.of(Operation.values()).stream()
                                .allMatch(operation -> stats.latency(operation).count() > 0);
            });
            Truth truth = workload.stop();
            assertThat(workload.errors()).isEmpty();
            return truth;
        }
    }

    private static void awaitTransactions(Workload workload, long count) {
        long start = workload.stats().transactions();
        await().atMost(Duration.ofMinutes(1)).until(() -> workload.stats().transactions() >= start + count);
    }

    private static void requireExact(Connection connection, Truth truth) throws SQLException {
        Oracle.compare(connection, truth, Expectation.unchanged(truth.table())).requireExact();
    }
}
