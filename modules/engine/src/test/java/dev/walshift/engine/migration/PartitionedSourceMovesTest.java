package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;

/** Rows that go from any partition to any other while a partitioned table is migrated: to copied ones, and to those yet to be copied. */
final class PartitionedSourceMovesTest {
    private static final int ROWS = 6_000;
    private static final int MOVERS = 3;
    private static final int REGIONS = 8;
    private static final String TABLE = "\"Sh op\".\"We\"\"ird Täble\"";

    @ParameterizedTest
    @OnMajors
    void noneIsLostAndNoneComesTwice(ServerVersion server) throws Exception {
        long seed = System.nanoTime();
        try (TestDatabase database = SharedServers.freshDatabase(server);
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            create(database);
            AtomicBoolean enough = new AtomicBoolean();
            List<CompletableFuture<Map<Integer, String>>> moving = new ArrayList<>();
            for (int i = 0; i < MOVERS; i++) {
                Mover mover = new Mover(database, i, new Random(seed + i), enough);
                moving.add(CompletableFuture.supplyAsync(mover::move, threads));
            }

            MigrationReport report;
            try {
                report = Scenario.migration(
                                database,
                                Scenario.request(TABLE, "ALTER COLUMN id TYPE bigint, ALTER COLUMN moves TYPE bigint"))
                        .run();
            } finally {
                enough.set(true);
            }

            Map<Integer, String> rows = new TreeMap<>();
            moving.forEach(mover -> rows.putAll(mover.join()));
            assertThat(report.verified()).isTrue();
            assertThat(report.keysApplied()).isPositive();
            assertThat(Scenario.list(
                            connection,
                            "SELECT id || ' in ' || region || ': ' || moves FROM %s ORDER BY id".formatted(TABLE)))
                    .as("seed %d", seed)
                    .containsExactlyElementsOf(rows.values());
            Scenario.assertNothingLeft(connection);
        }
    }

    private static void create(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE SCHEMA \"Sh op\"",
                "CREATE TABLE %s (id int NOT NULL, region int NOT NULL, moves int NOT NULL, pad text, PRIMARY KEY (region, id)) PARTITION BY LIST (region)"
                        .formatted(TABLE));
        for (int region = 0; region < REGIONS - 1; region++) {
            database.execute("CREATE TABLE \"Sh op\".\"Region %d\" PARTITION OF %s FOR VALUES IN (%d)"
                    .formatted(region, TABLE, region));
        }
        database.execute(
                "CREATE TABLE \"Sh op\".elsewhere PARTITION OF %s DEFAULT".formatted(TABLE),
                "INSERT INTO %s SELECT i, i %% %d, 0, repeat('x', 800) FROM generate_series(0, %d) i"
                        .formatted(TABLE, REGIONS, ROWS - 1));
    }

    /** Moves rows of its own, one transaction after the other, and knows where each is. */
    private record Mover(TestDatabase database, int number, Random random, AtomicBoolean enough) {
        Map<Integer, String> move() {
            Map<Integer, int[]> rows = new TreeMap<>();
            for (int id = number; id < ROWS; id += MOVERS) {
                rows.put(id, new int[] {id % REGIONS, 0});
            }
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                while (!enough.get()) {
                    int id = number + MOVERS * random.nextInt(ROWS / MOVERS);
                    int[] row = rows.getOrDefault(id, new int[2]);
                    row[0] = move(statement, id, row[0]);
                    row[1]++;
                    connection.commit();
                }
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
            Map<Integer, String> described = new TreeMap<>();
            rows.forEach((id, row) -> described.put(id, "%d in %d: %d".formatted(id, row[0], row[1])));
            return described;
        }

        /** Returns where it is then. */
        private int move(Statement statement, int id, int from) throws SQLException {
            if (from < REGIONS - 1 && random.nextInt(5) == 0) {
                // Past the partitioned table, which stays unlocked.
                assertThat(statement.executeUpdate("UPDATE \"Sh op\".\"Region %d\" SET moves = moves + 1 WHERE id = %d"
                                .formatted(from, id)))
                        .isEqualTo(1);
                return from;
            }
            int to = random.nextInt(REGIONS);
            switch (random.nextInt(4)) {
                case 0 -> {
                    // By way of a third one, and with a way that is taken back.
                    update(statement, id, random.nextInt(REGIONS), 0);
                    statement.execute("SAVEPOINT s");
                    update(statement, id, random.nextInt(REGIONS), 7);
                    statement.execute("ROLLBACK TO SAVEPOINT s");
                    update(statement, id, to, 1);
                }
                case 1 -> statement.execute("""
                    WITH gone AS (DELETE FROM %s WHERE id = %d AND region = %d RETURNING *)
                    INSERT INTO %s SELECT id, %d, moves + 1, pad FROM gone
                    """.formatted(TABLE, id, from, TABLE, to));
                default -> update(statement, id, to, 1);
            }
            return to;
        }

        private static void update(Statement statement, int id, int region, int more) throws SQLException {
            assertThat(statement.executeUpdate("UPDATE %s SET region = %d, moves = moves + %d WHERE id = %d"
                            .formatted(TABLE, region, more, id)))
                    .isEqualTo(1);
        }
    }
}
