package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;

import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Somebody ends our sessions, the walsender included, in a phase in which each of them lives; {@code -Dwalshift.test.every-station=true}
 * does it in all of them.
 */
final class EndedSessionTest {
    private static final boolean ALL = Boolean.getBoolean("walshift.test.every-station");

    private static final Map<Phase, List<String>> SESSIONS = Map.of(
            Phase.PREPARE, List.of("migration", "prepare"),
            Phase.COPY, List.of("migration", "watch", "change stream", "key log", "marker", "copy", "pace"),
            Phase.INDEX, List.of("migration", "change stream", "index"),
            Phase.CATCH_UP, List.of("migration", "change stream", "key log", "sync"),
            Phase.VERIFY, List.of("migration", "change stream", "sync"),
            Phase.CUT_OVER, List.of("migration", "change stream", "key log", "marker", "cutover"));

    static Stream<Arguments> sessions() {
        List<ServerVersion> majors = PostgresServer.defaultMajors();
        List<Arguments> cases = new ArrayList<>();
        Set<String> ended = new HashSet<>();
        for (Phase phase : HeldMigration.PHASES) {
            for (String session : SESSIONS.get(phase)) {
                if (ended.add(session) || ALL) {
                    cases.add(Arguments.of(phase, session, majors.get(cases.size() % majors.size())));
                }
            }
        }
        return cases.stream();
    }

    @ParameterizedTest(name = "{0}: {1}, PostgreSQL {2}")
    @MethodSource("sessions")
    void goesOn(Phase phase, String session, ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                HeldMigration migration = HeldMigration.of(database)) {
            migration.holdIn(phase);

            end(database, session);
            migration.letGo();

            migration.end();
        }
    }

    private static void end(TestDatabase database, String session) throws SQLException {
        // In this order: the function must be called for the rows that were found, and for no others.
        String end = """
            WITH ours AS MATERIALIZED (
                SELECT pid
                  FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'walshift %s')
            SELECT pid FROM ours WHERE pg_terminate_backend(pid)
            """.formatted(session);
        try (Connection connection = database.connect()) {
            await().pollInterval(Duration.ofMillis(10))
                    .until(() -> !Scenario.list(connection, end).isEmpty());
        }
    }
}
