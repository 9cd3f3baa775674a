package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.plan.Strategy;
import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
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
import dev.walshift.testkit.workload.WorkloadOptions;
import dev.walshift.testkit.workload.WorkloadTable;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The main job: the whole migration beside writers that never stop, compared with what they committed. */
final class MigrationUnderLoadTest {
    private static final int ROWS = 20_000;
    private static final int WRITERS = 3;

    @ParameterizedTest
    @OnMajors(each = true)
    void changesAnIntKeyToBigintAndMoreBesideWriters(ServerVersion major) throws Exception {
        WorkloadTable table = WorkloadTable.hostile(KeyKind.INT).withoutWriting(Column.PAYLOAD);
        Identifier key = table.keyColumns().getFirst();
        Identifier payload = table.column(Column.PAYLOAD);
        String alter = """
            ALTER COLUMN %s TYPE bigint,
            ADD COLUMN "new "" column" text NOT NULL DEFAULT gen_random_uuid()::text,
            ADD COLUMN constant int NOT NULL DEFAULT 7,
            ADD COLUMN length int GENERATED ALWAYS AS (length(%s)) STORED,
            DROP COLUMN %s\
            """.formatted(key.sql(), table.column(Column.CODE).sql(), payload.sql());
        Expectation expectation = Expectation.unchanged(table).dropped(payload);

        MigrationReport report = migrateUnderLoad(major, table, alter, expectation, MigrationSettings.DEFAULT);

        assertThat(report.strategy()).isEqualTo(Strategy.SHADOW);
        assertThat(report.verified()).isTrue();
        assertThat(report.keysApplied()).isPositive();
    }

    static Stream<Arguments> keyKinds() {
        List<Arguments> cases = new ArrayList<>();
        for (KeyKind kind : KeyKind.values()) {
            if (kind != KeyKind.INT) {
                cases.add(Arguments.of(kind));
            }
        }
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("keyKinds")
    void isExactForEveryKindOfKey(KeyKind kind) throws Exception {
        WorkloadTable table = WorkloadTable.hostile(kind);
        Identifier counter = table.column(Column.COUNTER);

        MigrationReport report = migrateUnderLoad(
                PostgresServer.defaultMajors().getLast(),
                table,
                "ALTER COLUMN %s TYPE bigint".formatted(counter.sql()),
                Expectation.unchanged(table),
                Scenario.SETTINGS);

        assertThat(report.verified()).isTrue();
    }

    private static MigrationReport migrateUnderLoad(
            ServerVersion major, WorkloadTable table, String alter, Expectation expectation, MigrationSettings settings)
            throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            Truth start = table.create(connection, ROWS);
            MigrationReport report;
            Truth end;
            try (Workload workload =
                    Workload.start(database::connect, start, WorkloadOptions.of(System.nanoTime(), WRITERS))) {
                report = new Migration(TestConnections.database(database), Scenario.request(table, alter), settings)
                        .run();
                end = workload.stop();
                assertThat(workload.errors()).isEmpty();
            }
            Comparison comparison = Oracle.compare(connection, end, expectation);
            assertThat(comparison.isExact()).as(comparison.toString()).isTrue();
            Scenario.assertNothingLeft(connection);
            return report;
        }
    }
}
