package dev.walshift.engine.faults;

import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Timeouts and defaults that somebody set for people on the role, or for the role in this database: none of them reaches our sessions. */
final class RoleSettingsTest {
    private static final int TRANSACTION_TIMEOUT_SINCE = 17;
    private static final List<String> SETTINGS = List.of(
            "statement_timeout = '1s'",
            "lock_timeout = '50ms'",
            "idle_in_transaction_session_timeout = '1s'",
            "idle_session_timeout = '1s'",
            "default_transaction_isolation = 'serializable'",
            "default_transaction_read_only = on",
            "default_transaction_deferrable = on",
            "synchronous_commit = off",
            "quote_all_identifiers = on");

    static Stream<Arguments> cases() {
        return Stream.of("ALTER ROLE tight SET ", "ALTER ROLE tight IN DATABASE {database} SET ")
                .flatMap(set -> PostgresServer.sampledMajors(set).stream().map(major -> Arguments.of(major, set)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void doNotReachOurSessions(ServerVersion major, String alter) throws Exception {
        PostgresServer server = SharedServers.of(major);
        try {
            migrate(server, alter);
        } finally {
            execute(server, "DROP ROLE tight");
        }
    }

    private static void migrate(PostgresServer server, String alter) throws SQLException {
        execute(server, "CREATE ROLE tight SUPERUSER LOGIN");
        try (TestDatabase database = TestDatabase.create(server);
                HeldMigration migration = HeldMigration.of(
                        database,
                        TestConnections.database(server.jdbcUrl("tight", database.name())),
                        Scenario.SETTINGS)) {
            for (String setting : settings(server.version())) {
                database.execute(alter.replace("{database}", database.name()) + setting);
            }
            migration.holdIn(Phase.COPY);
            // Longer than each of the timeouts, for our statement that waits and for our sessions that are idle.
            database.execute("SELECT pg_sleep(1.5)");
            migration.letGo();

            migration.end();
        }
    }

    private static void execute(PostgresServer server, String sql) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static List<String> settings(ServerVersion major) {
        List<String> settings = new ArrayList<>(SETTINGS);
        if (major.isAtLeast(TRANSACTION_TIMEOUT_SINCE)) {
            settings.add("transaction_timeout = '1s'");
        }
        return settings;
    }
}
