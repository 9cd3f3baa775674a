package dev.walshift.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.walshift.testkit.PostgresServer.StopMode;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

class PostgresServerTest {
    @ParameterizedTest
    @OnMajors
    void startsDurableAndReadyForLogicalDecoding(ServerVersion version) throws SQLException {
        PostgresServer server = SharedServers.of(version);

        assertThat(query(server, "SHOW server_version")).startsWith(version + ".");
        assertThat(query(server, "SHOW fsync")).isEqualTo("on");
        assertThat(query(server, "SHOW synchronous_commit")).isEqualTo("on");
        assertThat(query(server, "SHOW wal_level")).isEqualTo("logical");
    }

    @ParameterizedTest
    @OnMajors
    void keepsCommittedRowsThroughACrashAndARestart(ServerVersion version) throws SQLException {
        try (PostgresServer server = PostgresServer.start(version, Map.of("shared_buffers", "16MB"))) {
            execute(server, "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (1)");
            server.stop(StopMode.IMMEDIATE);
            server.startAgain();
            assertThat(query(server, "SELECT count(*) FROM kept")).isEqualTo("1");
            assertThat(server.log()).contains("database system was not properly shut down");

            server.stop(StopMode.FAST);
            server.startAgain();
            assertThat(query(server, "SELECT count(*) FROM kept")).isEqualTo("1");
            assertThat(query(server, "SHOW shared_buffers")).isEqualTo("16MB");
        }
    }

    @ParameterizedTest
    @OnMajors
    void standbyStreamsAndTakesOver(ServerVersion version) throws SQLException {
        try (PostgresServer primary = PostgresServer.start(version)) {
            execute(primary, "CREATE TABLE streamed (id int)", "INSERT INTO streamed VALUES (1)");
            try (PostgresServer standby = primary.startStandby("reader", Map.of("hot_standby_feedback", "on"))) {
                primary.configure(Map.of("synchronous_standby_names", "reader"));
                await().atMost(Duration.ofMinutes(1))
                        .until(() -> "sync".equals(query(primary, "SELECT max(sync_state) FROM pg_stat_replication")));
                execute(primary, "SET synchronous_commit = remote_apply; INSERT INTO streamed VALUES (2)");
                assertThat(query(standby, "SELECT count(*) FROM streamed")).isEqualTo("2");

                primary.stop(StopMode.IMMEDIATE);
                standby.promote();
                standby.configure(Map.of("synchronous_standby_names", ""));
                execute(standby, "INSERT INTO streamed VALUES (3)");
                assertThat(query(standby, "SELECT count(*) FROM streamed")).isEqualTo("3");
            }
        }
    }

    @Test
    void standbyAppliesLateWhenToldTo() throws SQLException {
        ServerVersion newest = PostgresServer.defaultMajors().getLast();
        try (PostgresServer primary = PostgresServer.start(newest);
                PostgresServer standby = primary.startStandby("late", Map.of("recovery_min_apply_delay", "1h"))) {
            execute(primary, "CREATE TABLE unseen ()");
            await().atMost(Duration.ofMinutes(1)).until(() -> "t".equals(query(primary, """
                SELECT flush_lsn >= pg_current_wal_flush_lsn() FROM pg_stat_replication
                """)));
            assertThat(query(standby, "SELECT to_regclass('unseen')::text")).isEqualTo("null");
        }
    }

    @Test
    void closingRemovesTheFolderAndEndsTheServer() throws SQLException {
        PostgresServer server =
                PostgresServer.start(PostgresServer.defaultMajors().getLast());
        String folder = query(server, "SHOW data_directory");
        long pid = Long.parseLong(query(server, """
            SELECT (string_to_array(pg_read_file('postmaster.pid'), E'\\n'))[1]
            """));
        assertThat(ProcessHandle.of(pid)).isPresent();

        server.close();
        server.close();

        assertThat(Path.of(folder)).doesNotExist();
        await().atMost(Duration.ofMinutes(1)).until(() -> ProcessHandle.of(pid).isEmpty());
    }

    @Test
    void databasesAreDroppedWhateverIsInThem() throws SQLException {
        TestDatabase database = SharedServers.freshDatabase();
        try (Connection open = database.connect();
                Statement statement = open.createStatement()) {
            statement.execute("SELECT pg_create_logical_replication_slot('left_behind', 'pgoutput')");
            statement.execute("""
                CREATE SUBSCRIPTION "Left Behind" CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)
                """);
            open.setAutoCommit(false);
            statement.execute("CREATE TABLE t (id int)");
            statement.execute("PREPARE TRANSACTION 'it''s prepared'");
            statement.execute("SELECT 1");
            database.close();
        }
        assertThat(query(
                        database.server(),
                        "SELECT count(*) FROM pg_database WHERE datname = '%s'".formatted(database.name())))
                .isEqualTo("0");
    }

    private static void execute(PostgresServer server, String... statements) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private static String query(PostgresServer server, String sql) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return String.valueOf(rows.getString(1));
        }
    }
}
