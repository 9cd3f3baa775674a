package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.postgres.Identifier;
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
import java.util.Map;
import java.util.Optional;
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

    /** A migration that was drawn. */
    private record Drawn(WorkloadTable table, String alter, Expectation expectation) {}

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void isExactWhateverIsDrawn(long seed) throws Exception {
        Random random = new Random(seed);
        List<ServerVersion> majors = PostgresServer.defaultMajors();
        ServerVersion major = majors.get(random.nextInt(majors.size()));
        Drawn drawn = draw(random);
        int rows = 500 + random.nextInt(20_000);
        int writers = 1 + random.nextInt(4);
        boolean truncate = random.nextInt(5) == 0;
        String story = "seed %d: PostgreSQL %s, %d rows, %d writers, truncate %s, key %s: %s"
                .formatted(seed, major, rows, writers, truncate, drawn.table().keyKind(), drawn.alter());

        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            Truth start = drawn.table().create(connection, rows);
            Truth end;
            try (Workload workload = Workload.start(database::connect, start, WorkloadOptions.of(seed, writers))) {
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

    private static Drawn draw(Random random) {
        KeyKind kind = List.of(KeyKind.values()).get(random.nextInt(KeyKind.values().length));
        WorkloadTable table = random.nextInt(4) == 0 ? WorkloadTable.plain(kind) : WorkloadTable.hostile(kind);
        List<String> actions = new ArrayList<>();
        Identifier counter = table.column(Column.COUNTER);
        Identifier payload = table.column(Column.PAYLOAD);
        // At least one rewrite, or the change would be made in place.
        actions.add("ALTER COLUMN %s TYPE bigint".formatted(counter.sql()));
        Identifier key = table.keyColumns().getFirst();
        keyType(kind)
                .filter(type -> random.nextBoolean())
                .ifPresent(type -> actions.add("ALTER COLUMN %s TYPE %s".formatted(key.sql(), type)));
        boolean payloadDropped = random.nextInt(3) == 0;
        if (payloadDropped) {
            table = table.withoutWriting(Column.PAYLOAD);
            actions.add("DROP COLUMN " + payload.sql());
        }
        boolean amountConverted = random.nextInt(3) == 0;
        Identifier amount = table.column(Column.AMOUNT);
        if (amountConverted) {
            table = table.withoutWriting(Column.AMOUNT);
            actions.add("ALTER COLUMN %s TYPE text USING 'EUR ' || %s".formatted(amount.sql(), amount.sql()));
        }
        additions(random, table, actions);
        Expectation expectation = Expectation.unchanged(table);
        if (payloadDropped) {
            expectation = expectation.dropped(payload);
        }
        if (amountConverted) {
            expectation = expectation.converted(amount, value -> value.map(text -> "EUR " + text));
        }
        return new Drawn(table, String.join(", ", actions), expectation);
    }

    /** Types that the writers' own parameters still fit. */
    private static Optional<String> keyType(KeyKind kind) {
        return Optional.ofNullable(Map.of(
                        KeyKind.INT, "bigint",
                        KeyKind.BIGINT, "numeric",
                        KeyKind.COMPOSITE, "bigint")
                .get(kind));
    }

    private static void additions(Random random, WorkloadTable table, List<String> actions) {
        if (random.nextBoolean()) {
            actions.add("ADD COLUMN \"added \"\"volatile\"\"\" uuid NOT NULL DEFAULT gen_random_uuid()");
        }
        if (random.nextBoolean()) {
            actions.add("ADD COLUMN \"Added\" int DEFAULT 3");
        }
        if (random.nextBoolean()) {
            actions.add("ADD COLUMN made text GENERATED ALWAYS AS (upper(%s)) STORED"
                    .formatted(table.column(Column.CODE).sql()));
        }
        if (random.nextBoolean()) {
            actions.add("ADD CONSTRAINT \"sane \"\"code\"\"\" CHECK (%s <> '')"
                    .formatted(table.column(Column.CODE).sql()));
        }
    }
}
