package dev.walshift.engine.plan;

import static dev.walshift.engine.Patience.await;
import static dev.walshift.engine.plan.Bench.S;
import static dev.walshift.engine.plan.Bench.T;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

class ServerChecksTest {
    private static final String WIDEN = "ALTER id TYPE bigint";
    private static final String PLAIN = "CREATE TABLE " + T + " (id int PRIMARY KEY, b int)";

    @ParameterizedTest
    @OnMajors(each = true)
    void refusesRolesThatLackRightsAllAtOnce(ServerVersion version) throws SQLException {
        String role = "walshift_poor";
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE ROLE " + role + " LOGIN",
                    "REVOKE TEMP ON DATABASE " + bench.database().name() + " FROM PUBLIC",
                    "GRANT USAGE ON SCHEMA " + S + " TO " + role,
                    PLAIN);
            try {
                assertThat(Bench.lines(bench.as(role).plan(Bench.alter(WIDEN)).problems()))
                        .containsExactlyInAnyOrder(
                                "MISSING_PRIVILEGE: role walshift_poor may not use replication",
                                "MISSING_PRIVILEGE: role walshift_poor may not create schemas and publications in"
                                        + " database "
                                        + bench.database().name(),
                                "MISSING_PRIVILEGE: role walshift_poor may not create temporary tables in database "
                                        + bench.database().name(),
                                "MISSING_PRIVILEGE: role walshift_poor does not own table " + T,
                                "MISSING_PRIVILEGE: role walshift_poor may not create tables in schema "
                                        + Bench.SCHEMA);
            } finally {
                bench.execute("DROP OWNED BY " + role, "DROP ROLE " + role);
            }
        }
    }

    @Test
    void refusesServersThatCannotDecode() throws SQLException {
        Map<String, String> settings =
                Map.of("wal_level", "replica", "max_replication_slots", "0", "max_wal_senders", "0");
        try (PostgresServer server =
                        PostgresServer.start(PostgresServer.defaultMajors().getLast(), settings);
                Bench bench = Bench.open(server)) {
            bench.execute(PLAIN);

            assertThat(bench.problems(WIDEN))
                    .containsExactly(
                            "SERVER_SETTING: wal_level is replica",
                            "SERVER_SETTING: no replication slot is free",
                            "SERVER_SETTING: no WAL sender is free");
            assertThat(bench.problems("ADD x int")).isEmpty();
        }
    }

    @Test
    void refusesAStandby() throws SQLException {
        try (PostgresServer primary =
                        PostgresServer.start(PostgresServer.defaultMajors().getLast());
                Bench bench = Bench.open(primary)) {
            bench.execute(PLAIN);
            try (PostgresServer standby = primary.startStandby("reader", Map.of())) {
                await().ignoreExceptions()
                        .untilAsserted(() -> assertThat(bench.at(standby).problems(WIDEN))
                                .containsExactly("UNSUPPORTED_SERVER: the server is a standby"));
            }
        }
    }
}
