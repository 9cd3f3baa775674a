package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.testkit.DrawnChange;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.oracle.Oracle;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.Workload;
import java.sql.Connection;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Draws table, key, ALTER and workload from a seed, migrates beside the writers and compares. The seed is the test's name; repeat one
 * with {@code -Dwalshift.test.seed=N}, run more with {@code -Dwalshift.test.runs=N}.
 */
final class RandomMigrationTest {
    private static final int RUNS = Integer.getInteger("walshift.test.runs", 4);

    static LongStream seeds() {
        Long given = Long.getLong("walshift.test.seed");
        return given != null ? LongStream.of(given) : new Random().longs(RUNS, 0, 1_000_000_000_000L);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void isExactWhateverIsDrawn(long seed) throws Exception {
        Random random = new Random(seed);
        List<ServerVersion> majors = PostgresServer.defaultMajors();
        ServerVersion major = majors.get(random.nextInt(majors.size()));
        DrawnChange drawn = DrawnChange.draw(random);
        int rows = 500 + random.nextInt(20_000);
        int writers = 1 + random.nextInt(4);
        boolean truncate = random.nextInt(5) == 0;
        String story = "seed %d: PostgreSQL %s, %d rows, %d writers, truncate %s, key %s: %s"
                .formatted(seed, major, rows, writers, truncate, drawn.table().keyKind(), drawn.alter());

        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            Truth start = drawn.table().create(connection, rows);
            Truth end;
            try (Workload workload = Workload.start(database::connect, start, Scenario.writers(seed, writers))) {
                if (truncate) {
                    workload.truncate(connection);
                }
                MigrationReport report = Scenario.migration(database, Scenario.request(drawn.table(), drawn.alter()))
                        .run();
                assertThat(report.verified()).as(story).isTrue();
                end = workload.stop();
                assertThat(workload.errors()).as(story).isEmpty();
            }
            Comparison comparison = Oracle.compare(connection, end, drawn.expectation());
            assertThat(comparison.isExact()).as(story + "\n" + comparison).isTrue();
            Scenario.assertNothingLeft(connection);
        }
    }
}
