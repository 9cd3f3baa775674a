package dev.walshift.engine.plan;

import static dev.walshift.engine.plan.Bench.T;
import static dev.walshift.engine.plan.Bench.fill;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.Problem;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** Plain tables in publications of the operator's that are to become partitioned ones. */
class PublishedTargetPlanTest {
    private static final String P = "\"We\"\"ird Püb ?\"";
    private static final String NAME = "We\"ird Püb ?";
    private static final String PARTS = "; CREATE TABLE \"p 1\" PARTITION OF {n} FOR VALUES IN (1);"
            + " CREATE TABLE rest PARTITION OF {n} DEFAULT";
    private static final String BY_KEY =
            "CREATE TABLE {n} (id int, b int, c text, PRIMARY KEY (id, b)) PARTITION BY LIST (b)" + PARTS;
    private static final String WITHOUT_KEY =
            "CREATE TABLE {n} (id int, b int, c text, UNIQUE (id, b)) PARTITION BY LIST (b)" + PARTS;

    private static MigrationPlan plan(Bench bench, String file) throws SQLException {
        return bench.plan(new AlterRequest(Optional.of(T), List.of(), Map.of(), List.of())
                .by(fill(file).replace("{n}", Bench.TABLE.name().sql()))
                .agreeingTo(Set.of(Consent.PUBLICATIONS)));
    }

    private static void create(Bench bench, String publication) throws SQLException {
        bench.execute(
                fill("CREATE TABLE {t} (id int PRIMARY KEY, b int NOT NULL, c text)"),
                "CREATE PUBLICATION %s FOR %s".formatted(P, fill(publication)));
    }

    private static void set(Bench bench, String options) throws SQLException {
        bench.execute("ALTER PUBLICATION %s SET (%s)".formatted(P, options));
    }

    @ParameterizedTest
    @OnMajors
    void thePlanSaysUnderWhichNameChangesArePublished(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench, "TABLE {t}");

            MigrationPlan plan = plan(bench, BY_KEY);
            assertThat(plan.problems()).isEmpty();
            assertThat(plan.notices())
                    .filteredOn(notice -> notice.startsWith("publication " + NAME))
                    .singleElement()
                    .asString()
                    .contains(
                            "under the partition's name from the swap on",
                            "STOPS",
                            "passes over the changes until REFRESH PUBLICATION",
                            "ALTER PUBLICATION %s SET (publish_via_partition_root = true)".formatted(P));

            set(bench, "publish_via_partition_root = true");
            assertThat(plan(bench, BY_KEY).notices())
                    .anyMatch(notice -> notice.contains("go on with the new table, without REFRESH PUBLICATION"))
                    .anyMatch(notice -> notice.contains("as those of table " + T))
                    .noneMatch(notice -> notice.contains("STOPS"));
            assertThat(plan(bench, "CREATE TABLE {n} (id bigint PRIMARY KEY, b int, c text)")
                            .notices())
                    .noneMatch(notice -> notice.contains("partition"));
        }
    }

    @ParameterizedTest
    @OnMajors
    void allTablesAreToldOfTwice(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench, "ALL TABLES");

            assertThat(plan(bench, BY_KEY).notices())
                    .anyMatch(notice -> notice.contains("covers ALL TABLES, and so walshift's own"))
                    .anyMatch(notice -> notice.contains("publish_via_partition_root is off"));
        }
    }

    @ParameterizedTest
    @OnMajors
    void aPartitionWithoutAReplicaIdentityIsRefusedByName(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench, "TABLE {t}");
            String oneKey =
                    WITHOUT_KEY.replace("\"p 1\" PARTITION OF {n}", "\"p 1\" PARTITION OF {n} (PRIMARY KEY (id))");

            assertThat(Bench.lines(plan(bench, oneKey).problems()))
                    .containsExactly(
                            "REPLICA_IDENTITY: publication %s does not go with table %s after the change: cannot update table \"rest\" because it does not have a replica identity and publishes updates"
                                    .formatted(NAME, T));

            set(bench, "publish = 'insert, truncate'");
            assertThat(plan(bench, WITHOUT_KEY).problems()).isEmpty();
        }
    }

    /** Subscribers would be told of rows without a key, and stop. */
    @ParameterizedTest
    @OnMajors
    void aPartitionedTableWithoutAReplicaIdentityIsRefusedWhereItIsWhatSubscribersSee(ServerVersion version)
            throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench, "TABLE {t}");
            String eachKey = WITHOUT_KEY.replace("PARTITION OF {n} ", "PARTITION OF {n} (PRIMARY KEY (id)) ");
            assertThat(plan(bench, eachKey).problems()).isEmpty();

            set(bench, "publish_via_partition_root = true");
            assertThat(Bench.lines(plan(bench, eachKey).problems()))
                    .containsExactly(
                            "REPLICA_IDENTITY: publication %s publishes the changes of partitions as those of table %s, which has no replica identity after the change: its subscribers could not find the rows"
                                    .formatted(NAME, T));

            bench.execute(fill("ALTER TABLE {t} REPLICA IDENTITY FULL"));
            assertThat(plan(bench, eachKey).problems()).isEmpty();
        }
    }

    @Test
    void columnListsAndRowFiltersNeedThePartitionRoot() throws SQLException {
        try (Bench bench = Bench.open(PostgresServer.defaultMajors().getLast())) {
            for (String part : List.of("(id, b)", "WHERE (id > 5)")) {
                create(bench, "TABLE {t} " + part);

                assertThat(plan(bench, BY_KEY).problems()).singleElement().satisfies(problem -> {
                    assertThat(problem.message())
                            .startsWith("publication %s does not go with table %s once that is partitioned: "
                                    .formatted(NAME, T))
                            .contains("when publish_via_partition_root is false")
                            .doesNotContain("walshift");
                    assertThat(problem.remedy())
                            .startsWith("ALTER PUBLICATION %s SET (publish_via_partition_root = true)".formatted(P));
                });

                set(bench, "publish_via_partition_root = true");
                assertThat(plan(bench, BY_KEY).problems()).isEmpty();
                bench.reset();
                bench.execute("DROP PUBLICATION IF EXISTS " + P);
            }
        }
    }

    @Test
    void columnsThatTheNewTableLacksAreRefused() throws SQLException {
        try (Bench bench = Bench.open(PostgresServer.defaultMajors().getLast())) {
            create(bench, "TABLE {t} (id, b, c) WITH (publish_via_partition_root)");

            assertThat(plan(bench, BY_KEY.replace("c text, ", "")).problems())
                    .extracting(Problem::message)
                    .containsExactly(
                            "publication %s uses column c of table %s, which is dropped, in its column list or row filter"
                                    .formatted(NAME, T));
        }
    }
}
