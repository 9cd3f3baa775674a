package dev.walshift.engine.migration;

import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.oracle.Expectation;
import dev.walshift.testkit.oracle.Oracle;
import dev.walshift.testkit.workload.Column;
import dev.walshift.testkit.workload.KeyKind;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.Workload;
import dev.walshift.testkit.workload.WorkloadTable;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;

/** The choice to make the indexes before the rows. */
final class IndexesFirstTest {
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void endThreads() {
        threads.shutdownNow();
    }

    private static MigrationRequest indexesFirst(MigrationRequest request) {
        return new MigrationRequest(request.alter(), 2, true, true, VerifyMode.FULL);
    }

    @ParameterizedTest
    @OnMajors(each = true)
    void theShadowHasThemWhileItsRowsAreCopied(ServerVersion version) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Gate gate = Gate.closedAt(database, 100);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE orders (id int PRIMARY KEY, n int, EXCLUDE USING btree (n WITH =))",
                    "CREATE UNIQUE INDEX \"We\"\"ird Täble\" ON orders (n, id)",
                    "CREATE INDEX partial ON orders (n) WHERE n > 7",
                    "INSERT INTO orders SELECT i, i FROM generate_series(1, 200) i");
            String indexes = "SELECT indexname FROM pg_indexes WHERE schemaname = '%s' ORDER BY 1";
            List<String> present = Scenario.list(connection, indexes.formatted("public"));
            Migration migration = Scenario.migration(
                    database,
                    indexesFirst(Scenario.request("orders", "ALTER COLUMN n TYPE bigint USING public.gate(n)")));
            CompletableFuture<MigrationReport> running = supplyAsync(migration::run, threads);
            gate.awaitArrival();

            assertThat(Scenario.list(connection, indexes.formatted("walshift_1")))
                    .hasSize(4)
                    .isEqualTo(present);

            gate.open();
            assertThat(running.join().verified()).isTrue();
            assertThat(Scenario.list(connection, indexes.formatted("public"))).isEqualTo(present);
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors(each = true)
    void thePartitionsOfATargetHaveThemToo(ServerVersion version) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Gate gate = Gate.closedAt(database, 100);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE orders (id int PRIMARY KEY, n int)",
                    "INSERT INTO orders SELECT i, i FROM generate_series(1, 200) i");
            AlterRequest change = new AlterRequest(
                            Optional.of("orders"), List.of(), Map.of(new Identifier("n"), "public.gate(n)"), List.of())
                    .by("""
                        CREATE TABLE orders (id int PRIMARY KEY, n bigint) PARTITION BY RANGE (id);
                        CREATE TABLE low PARTITION OF orders FOR VALUES FROM (MINVALUE) TO (50);
                        CREATE TABLE high PARTITION OF orders FOR VALUES FROM (50) TO (MAXVALUE);
                        CREATE INDEX ON orders (n);
                        """);
            Migration migration =
                    Scenario.migration(database, new MigrationRequest(change, 2, true, true, VerifyMode.FULL));
            CompletableFuture<MigrationReport> running = supplyAsync(migration::run, threads);
            gate.awaitArrival();

            String indexes = "SELECT indexname FROM pg_indexes WHERE schemaname = '%s' ORDER BY 1";
            List<String> made = Scenario.list(connection, indexes.formatted("walshift_1"));
            assertThat(made).hasSize(6);

            gate.open();
            assertThat(running.join().verified()).isTrue();
            assertThat(Scenario.list(connection, indexes.formatted("public"))).isEqualTo(made);
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors(each = true)
    void isAsExactUnderLoad(ServerVersion version) throws Exception {
        WorkloadTable table = WorkloadTable.hostile(KeyKind.INT);
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection connection = database.connect()) {
            Truth start = table.create(connection, 3_000);
            Truth end;
            try (Workload workload = Workload.start(database::connect, start, Scenario.writers(System.nanoTime(), 3))) {
                MigrationReport report = Scenario.migration(
                                database,
                                indexesFirst(Scenario.request(
                                        table,
                                        "ALTER COLUMN %s TYPE bigint"
                                                .formatted(table.column(Column.COUNTER)
                                                        .sql()))))
                        .run();
                end = workload.stop();
                assertThat(workload.errors()).isEmpty();
                assertThat(report.verified()).isTrue();
            }

            Comparison comparison = Oracle.compare(connection, end, Expectation.unchanged(table));
            assertThat(comparison.isExact()).as(comparison.toString()).isTrue();
            Scenario.assertNothingLeft(connection);
        }
    }
}
