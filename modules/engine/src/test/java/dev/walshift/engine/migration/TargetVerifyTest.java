package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The comparison of a partitioned table: each row in its partition, and nowhere else. */
final class TargetVerifyTest {
    private static final int ROWS = 4_000;
    private static final int PARTITIONS = 40;
    private static final String SHADOW = "walshift_1.orders";

    /** Forty small partitions, more than a step takes at once, and none of them twice as large as needed. */
    private static String file() {
        StringBuilder file = new StringBuilder("""
            CREATE TABLE orders (id int, at int NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
            CREATE TABLE rest PARTITION OF orders DEFAULT;
            """);
        for (int i = 0; i < PARTITIONS; i++) {
            file.append("CREATE TABLE p%d PARTITION OF orders FOR VALUES FROM (%d) TO (%d);\n"
                    .formatted(i, i * 100, (i + 1) * 100));
        }
        return file.toString();
    }

    private static MigrationRequest request(VerifyMode verify) {
        return new MigrationRequest(
                new AlterRequest(Optional.of("orders"), List.of(), Map.of(), List.of()).by(file()), 2, false, verify);
    }

    private static void stopBeforeTheSwap(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, at int, note text)",
                "INSERT INTO orders SELECT i, i, repeat('as it was', 50) FROM generate_series(0, %d) i"
                        .formatted(ROWS - 1));
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("LOCK TABLE orders IN ACCESS SHARE MODE");
            Migration migration =
                    new Migration(TestConnections.database(database), request(VerifyMode.OFF), VerificationTest.HASTY);
            assertThatThrownBy(migration::run).isInstanceOf(InterruptedMigrationException.class);
        }
    }

    static Stream<Arguments> tamperings() {
        return PostgresServer.sampledMajors(TargetVerifyTest.class).stream()
                .flatMap(major -> Stream.of(
                        Arguments.of(major, "UPDATE %s SET note = 'other' WHERE id = 3950", "(3950) differs in note"),
                        Arguments.of(major, "UPDATE %s SET at = 7 WHERE id = 3950", "(3950) is missing"),
                        Arguments.of(major, "DELETE FROM %s WHERE id = 0", "(0) is missing"),
                        Arguments.of(
                                major,
                                "INSERT INTO %s SELECT id, at + 200, note FROM orders WHERE id = 250",
                                "(250) is not in the table in use"),
                        Arguments.of(
                                major,
                                "INSERT INTO %s SELECT id, 100000, note FROM orders WHERE id = 250",
                                "(250) is not in the table in use"),
                        Arguments.of(
                                major,
                                "INSERT INTO %s VALUES (70000, 3950, '')",
                                "(70000) is not in the table in use")));
    }

    @ParameterizedTest
    @MethodSource("tamperings")
    void findsWhatIsWrong(ServerVersion major, String tampering, String difference) throws SQLException {
        try (TestDatabase database = SharedServers.freshDatabase(major)) {
            stopBeforeTheSwap(database);
            database.execute(tampering.formatted(SHADOW));

            Migration goesOn = Scenario.migration(TestConnections.database(database), request(VerifyMode.FULL));

            assertThatThrownBy(goesOn::run)
                    .isInstanceOfSatisfying(
                            FailedException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.DIFFERENCE_FOUND))
                    .hasMessageEndingWith(": " + difference);
        }
    }

    @ParameterizedTest
    @OnMajors
    void comparesEveryRowAndASampleToo(ServerVersion major) throws SQLException {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            stopBeforeTheSwap(database);
            database.execute("UPDATE orders SET at = %d - at WHERE id %% 7 = 0".formatted(ROWS));

            assertThat(new Verification(TestConnections.database(database), 1, 2, Scenario.SETTINGS)
                            .run()
                            .verify())
                    .isEqualTo(new VerifyReport(VerifyMode.FULL, ROWS));
            assertThat(Scenario.migration(TestConnections.database(database), request(VerifyMode.SAMPLE))
                            .run()
                            .verify()
                            .rows())
                    .isEqualTo(ROWS);
            assertThat(Scenario.list(connection, """
                SELECT count(DISTINCT tableoid) || ' ' || count(*) FROM orders
                """)).containsExactly("41 " + ROWS);
            Scenario.assertNothingLeft(connection);
        }
    }
}
