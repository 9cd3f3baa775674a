package dev.walshift.engine.rules;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.table.XidFence;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Expectation;
import dev.walshift.testkit.oracle.Oracle;
import dev.walshift.testkit.workload.Column;
import dev.walshift.testkit.workload.KeyKind;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.Workload;
import dev.walshift.testkit.workload.WorkloadOptions;
import dev.walshift.testkit.workload.WorkloadTable;
import java.sql.Connection;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All rules together, against writers that do everything: rollbacks, savepoints, two-phase commits, key changes, swaps of unique values. */
class CopyUnderLoadTest {
    private static final Logger log = LoggerFactory.getLogger(CopyUnderLoadTest.class);
    private static final int ROWS = 4_000;
    private static final int WRITERS = 4;
    private static final int STEPS = 3;

    /** On 14, which publishes whole rows, and on the newest. */
    static Stream<Arguments> cases() {
        List<ServerVersion> majors = PostgresServer.defaultMajors();
        return Stream.of(arguments(majors.getFirst(), KeyKind.NUMERIC), arguments(majors.getLast(), KeyKind.COMPOSITE));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyExactStepIsExact(ServerVersion version, KeyKind kind) throws Exception {
        WorkloadTable table = WorkloadTable.hostile(kind);
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection connection = database.connect()) {
            Truth loaded = table.create(connection, ROWS);
            // With the unique index on a column beside the key, whose values the writers swap.
            String widen = "ALTER COLUMN %s TYPE bigint"
                    .formatted(table.column(Column.COUNTER).sql());
            try (Scene scene = Scene.planned(database, widen);
                    Workload workload =
                            Workload.start(database::connect, loaded, WorkloadOptions.of(System.nanoTime(), WRITERS))) {
                KeyBarrier barrier = scene.startPump();
                await().until(() -> workload.stats().transactions() > 100);
                XidFence fence = scene.beginCopy();
                scene.finishCopy(fence);
                for (int step = 0; step < STEPS; step++) {
                    // Compared inside of the step.
                    scene.exactStep(barrier);
                }
                Truth truth = workload.stop();
                assertThat(workload.errors()).as(workload.toString()).isEmpty();
                scene.exactStep(barrier);
                log.info("{}", workload);

                Oracle.compare(connection, scene.table().shadow(), truth, Expectation.unchanged(table))
                        .requireExact();
            }
        }
    }
}
