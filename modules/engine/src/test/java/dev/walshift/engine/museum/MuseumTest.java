package dev.walshift.engine.museum;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.plan.MigrationPlan;
import dev.walshift.engine.plan.Planner;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Museum;
import dev.walshift.testkit.oracle.MuseumChange;
import dev.walshift.testkit.oracle.PgDump;
import dev.walshift.testkit.oracle.SchemaTwin;
import dev.walshift.testkit.oracle.Wing;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whoever compares the schema before and after sees what was asked for and nothing else: the museum is migrated, its
 * twin altered the blocking way. What is not carried over yet is in {@link NotCarried}; whoever lands it takes it
 * out there.
 */
final class MuseumTest {
    /** {@code -Dwalshift.test.every-wing=true}: each change on each server, and each wing for itself. */
    private static final boolean ALL = Boolean.getBoolean("walshift.test.every-wing");

    /** All that is carried over at once, under each change; the servers take turns but for the change that everybody wants. */
    static Stream<Arguments> changes() {
        List<ServerVersion> majors = PostgresServer.defaultMajors();
        List<Arguments> cases = new ArrayList<>();
        for (MuseumChange change : MuseumChange.ALL) {
            for (ServerVersion major : majors) {
                if (ALL || change.equals(MuseumChange.KEY) || major.equals(majors.get(cases.size() % majors.size()))) {
                    cases.add(Arguments.of(new Museum(carriedOver(change)), change, major));
                    if (!ALL && !change.equals(MuseumChange.KEY)) {
                        break;
                    }
                }
            }
        }
        return cases.stream();
    }

    private static Set<Wing> carriedOver(MuseumChange change) {
        return change.equals(MuseumChange.DROPPED) ? NotCarried.othersWhereColumnsAreDropped() : NotCarried.others();
    }

    /** Each thing for itself, so that nothing is carried by another's chance; the servers take turns. */
    static Stream<Arguments> wings() {
        List<ServerVersion> majors = PostgresServer.defaultMajors();
        List<Arguments> cases = new ArrayList<>();
        for (Wing wing : ALL ? NotCarried.others() : EnumSet.of(Wing.TRIGGERS, Wing.VIEWS, Wing.COUNTED_COLUMNS)) {
            cases.add(
                    Arguments.of(new Museum(Set.of(wing)), MuseumChange.KEY, majors.get(cases.size() % majors.size())));
        }
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource({"changes", "wings"})
    void givesTheSchemaThatTheBlockingWayGives(Museum museum, MuseumChange change, ServerVersion major)
            throws Exception {
        try (SchemaTwin twin = SchemaTwin.build(major, museum)) {
            twin.alter(change);

            migrate(twin.migrated(), Scenario.request(Museum.TABLE.sql(), change.clauses(), List.of()));

            assertThat(twin.differences(change)).isEmpty();
        }
    }

    @ParameterizedTest
    @OnMajors
    void refusesByNameWhatIsNotCarried(ServerVersion major) throws Exception {
        Map<Wing, List<String>> expected = new EnumMap<>(Wing.class);
        Map<Wing, List<String>> found = new EnumMap<>(Wing.class);
        for (Wing wing : NotCarried.wings()) {
            try (TestDatabase database = SharedServers.freshDatabase(major)) {
                new Museum(Set.of(wing)).build(database);
                AlterRequest request = Scenario.request(
                                Museum.TABLE.sql(), MuseumChange.FREE_COLUMN.clauses(), List.of())
                        .alter();

                MigrationPlan plan = new Planner(TestConnections.database(database)).plan(request);

                expected.put(wing, NotCarried.refusals(wing, major.major()));
                found.put(
                        wing,
                        plan.problems().stream()
                                .map(problem -> problem.code() + ": " + problem.message())
                                .sorted()
                                .toList());
            }
        }
        expected.replaceAll((wing, lines) -> lines.stream().sorted().toList());
        assertThat(found).isEqualTo(expected);
    }

    /**
     * As the server can't do it, the twin keeps its order, and only that may differ; statistics name their columns
     * in the table's order.
     */
    @ParameterizedTest
    @OnMajors
    void putsColumnsIntoTheOrderThatWasAskedForAndChangesNothingElse(ServerVersion major) throws Exception {
        try (SchemaTwin twin = SchemaTwin.build(major, new Museum(NotCarried.othersWhereColumnsMove()))) {
            List<String> wanted = columns(twin.altered()).reversed();

            migrate(
                    twin.migrated(),
                    Scenario.request(
                            Museum.TABLE.sql(),
                            List.of(),
                            wanted.stream().map(Identifier::new).toList()));

            assertThat(columns(twin.migrated())).isEqualTo(wanted);
            assertThat(twin.differences(
                            MuseumChange.REBUILD,
                            (object, property) -> property.equals("position")
                                    || (object.startsWith("statistics object") && property.equals("definition"))))
                    .isEmpty();
        }
    }

    private static List<String> columns(TestDatabase database) throws SQLException {
        try (Connection connection = database.connect()) {
            return Scenario.list(
                    connection,
                    "SELECT attname FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT attisdropped"
                                    .formatted(Museum.TABLE.sql())
                            + " ORDER BY attnum");
        }
    }

    /** In-place tablespaces need no folder, but 15 or later. */
    @Test
    void movesToAnotherTablespace() throws Exception {
        ServerVersion newest = PostgresServer.defaultMajors().getLast();
        try (SchemaTwin twin = SchemaTwin.build(newest, new Museum(NotCarried.others()))) {
            twin.altered()
                    .execute(
                            "SET allow_in_place_tablespaces = on", "CREATE TABLESPACE \"museum's cellar\" LOCATION ''");
            for (TestDatabase database : List.of(twin.migrated(), twin.altered())) {
                for (String moved : List.of(
                        "INDEX {s}.\"i expression\"",
                        "INDEX {s}.\"orders pk\"",
                        "MATERIALIZED VIEW {s}.\"m one\"",
                        "INDEX {s}.\"m index\"")) {
                    database.execute(Museum.fill("ALTER " + moved + " SET TABLESPACE \"museum's cellar\""));
                }
            }
            MuseumChange change =
                    new MuseumChange("tablespace", List.of("SET TABLESPACE \"museum's cellar\""), Set.of(), Set.of());
            twin.alter(change);

            migrate(twin.migrated(), Scenario.request(Museum.TABLE.sql(), change.clauses(), List.of()));

            assertThat(twin.differences(change)).isEmpty();
        } finally {
            try (Connection connection = SharedServers.of(newest).connect();
                    Statement statement = connection.createStatement()) {
                statement.execute("DROP TABLESPACE IF EXISTS \"museum's cellar\"");
            }
        }
    }

    /** PostgreSQL's own judge, wherever it can be had; {@code SchemaDumpTest} holds ours against it. */
    @ParameterizedTest
    @OnMajors
    void showsNoDifferenceToPgDump(ServerVersion major) throws Exception {
        Optional<PgDump> program = PgDump.forServer(major);
        Assumptions.assumeTrue(
                program.isPresent(),
                () -> "SKIPPED: no pg_dump of PostgreSQL %s or later is installed".formatted(major));
        PgDump pgDump = program.orElseThrow();
        try (SchemaTwin twin = SchemaTwin.build(major, new Museum(NotCarried.others()))) {
            twin.alter(MuseumChange.KEY);

            migrate(twin.migrated(), Scenario.request(Museum.TABLE.sql(), MuseumChange.KEY.clauses(), List.of()));

            assertThat(pgDump.dump(twin.migrated()).differences(pgDump.dump(twin.altered())))
                    .isEmpty();
        }
    }

    /** By an operator who agrees to everything. */
    private static void migrate(TestDatabase database, MigrationRequest wish) throws Exception {
        MigrationRequest request = new MigrationRequest(
                wish.alter().agreeingTo(EnumSet.allOf(Consent.class)),
                wish.workers(),
                wish.dropRetired(),
                wish.verify());
        MigrationReport report = Scenario.migration(database, request).run();
        assertThat(report.strategy()).isEqualTo(Strategy.SHADOW);
        try (Connection connection = database.connect()) {
            Scenario.assertNothingLeft(connection);
        }
    }
}
