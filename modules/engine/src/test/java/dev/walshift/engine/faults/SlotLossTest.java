package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.migration.FailedException;
import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The slot, or the WAL that it needs, is gone: the migration says so, removes what it made, and a new one does it. */
final class SlotLossTest {
    private static final Map<ServerVersion, PostgresServer> SERVERS = new HashMap<>();

    private static final String DROP = """
        WITH ended AS MATERIALIZED (
            SELECT slot_name, active_pid IS NULL OR pg_terminate_backend(active_pid, 10000) AS free
              FROM pg_replication_slots
             WHERE database = current_database())
        SELECT pg_drop_replication_slot(slot_name) FROM ended WHERE free
        """;
    private static final String LOST =
            "SELECT slot_name FROM pg_replication_slots WHERE database = current_database() AND wal_status = 'lost'";

    @AfterAll
    static void stopServers() {
        SERVERS.values().forEach(PostgresServer::close);
    }

    static Stream<Arguments> phases() {
        return Stream.of(Phase.COPY, Phase.CATCH_UP)
                .flatMap(
                        phase -> PostgresServer.sampledMajors(phase).stream().map(major -> Arguments.of(major, phase)));
    }

    @ParameterizedTest
    @MethodSource("phases")
    void droppedWhileItRuns(ServerVersion major, Phase phase) throws Exception {
        try (TestDatabase database = TestDatabase.create(server(major));
                HeldMigration migration = HeldMigration.of(database)) {
            migration.holdIn(phase);

            database.execute(DROP);
            migration.letGo();

            assertThat(migration.finalFailure().code()).isEqualTo(ProblemCode.SLOT_LOST);
            migration.beginAnewAndEnd();
        }
    }

    @ParameterizedTest
    @MethodSource("phases")
    void invalidatedByTheLimitOnKeptWal(ServerVersion major, Phase phase) throws Exception {
        PostgresServer server = server(major);
        try (TestDatabase database = TestDatabase.create(server);
                HeldMigration migration = HeldMigration.of(database)) {
            migration.holdIn(phase);
            server.configure(Map.of("max_slot_wal_keep_size", "1MB"));

            writeUntilTheSlotIsLost(database);
            migration.letGo();

            FailedException failure = migration.finalFailure();
            assertThat(failure.code()).isEqualTo(ProblemCode.SLOT_LOST);
            assertThat(failure).hasMessageContaining("no longer holds the WAL");
            assertThat(failure.remedy()).contains("max_slot_wal_keep_size");
            server.configure(Map.of("max_slot_wal_keep_size", "-1"));
            migration.beginAnewAndEnd();
        }
    }

    private static PostgresServer server(ServerVersion major) {
        return SERVERS.computeIfAbsent(major, PostgresServer::start);
    }

    private static void writeUntilTheSlotIsLost(TestDatabase database) throws SQLException {
        try (Connection connection = database.connect()) {
            await().until(() -> {
                database.execute(
                        "SELECT pg_logical_emit_message(false, 'others', repeat('x', 100000))",
                        "SELECT pg_switch_wal()",
                        "CHECKPOINT");
                return !Scenario.list(connection, LOST).isEmpty();
            });
        }
    }
}
