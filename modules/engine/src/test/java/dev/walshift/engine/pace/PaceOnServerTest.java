package dev.walshift.engine.pace;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.StopSignal;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.engine.pace.Reading.Level;
import dev.walshift.postgres.Session;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each signal's own SQL, on servers that nobody else uses. */
class PaceOnServerTest {
    private static final Tolerance POLITE = Tolerance.of(PaceMode.POLITE);

    @ParameterizedTest
    @OnMajors
    void seesWhetherAnybodyIsThere(ServerVersion version) throws Exception {
        try (PostgresServer server = PostgresServer.start(version);
                TestDatabase database = TestDatabase.create(server);
                Session session = TestConnections.database(database).open("pace");
                Connection application = database.connect();
                Statement statement = application.createStatement()) {
            Signals signals = new Signals(PaceSettings.DEFAULT, "ours");
            assertThat(signals.isAlone(session))
                    .as("before the rights are known")
                    .isFalse();
            signals.lookAtRights(session);
            await().until(() -> signals.isAlone(session));

            statement.execute("SELECT 1");
            assertThat(signals.isAlone(session)).isFalse();

            await().until(() -> signals.isAlone(session));
        }
    }

    @ParameterizedTest
    @OnMajors
    void everySignalCanBeMeasured(ServerVersion version) throws Exception {
        try (PostgresServer server = PostgresServer.start(version);
                TestDatabase database = TestDatabase.create(server);
                Session session = TestConnections.database(database).open("pace")) {
            Signals signals = new Signals(PaceSettings.DEFAULT, "ours");
            signals.lookAtRights(session);
            signals.calibrate(session, new StopSignal());

            assertThat(signals.limits(session, POLITE)).isEqualTo(Reading.FINE);
            assertThat(signals.compared(session, POLITE).level()).isNotEqualTo(Level.UNKNOWN);
            assertThat(signals.commitWithout()).isPositive().isLessThan(Duration.ofSeconds(3));

            EarlyCheckpoints checkpoints = new EarlyCheckpoints(() -> 0);
            assertThat(checkpoints.measure(session, Tolerance.of(PaceMode.NICE)))
                    .isEqualTo(Reading.FINE);
            database.execute("CHECKPOINT", "CHECKPOINT");
            await().until(() ->
                    checkpoints.measure(session, Tolerance.of(PaceMode.NICE)).level() == Level.SLOW);
            assertThat(checkpoints.measure(session, POLITE)).isEqualTo(Reading.FINE);
        }
    }

    @ParameterizedTest
    @OnMajors
    void findsBackendsThatWait(ServerVersion version) throws Exception {
        try (PostgresServer server = PostgresServer.start(version);
                TestDatabase database = TestDatabase.create(server);
                Session session = TestConnections.database(database).open("pace");
                Connection holder = database.connect();
                Statement lock = holder.createStatement();
                Connection waiter = database.connect();
                Statement waits = waiter.createStatement()) {
            database.execute("CREATE TABLE \"we\"\"ird\" (id int)");
            WaitingBackends waiting = new WaitingBackends();
            waiting.calibrate(session, new StopSignal());
            holder.setAutoCommit(false);
            lock.execute("LOCK TABLE \"we\"\"ird\"");
            Thread thread = Thread.ofVirtual().start(() -> {
                try {
                    waits.execute("SELECT FROM \"we\"\"ird\"");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            Tolerance none = new Tolerance(1, 1, Duration.ZERO, Duration.ZERO, 0, 0, false);

            await().until(() -> waiting.measure(session, none)
                    .equals(Reading.slow("1 backends wait for the disk or for locks, and 0 without walshift")));
            holder.rollback();
            thread.join();
            assertThat(waiting.measure(session, none)).isEqualTo(Reading.FINE);
        }
    }

    @ParameterizedTest
    @OnMajors
    void findsReplicasAndSlotsOfOthers(ServerVersion version) throws Exception {
        try (PostgresServer server = PostgresServer.start(version);
                TestDatabase database = TestDatabase.create(server);
                Session session = TestConnections.database(database).open("pace");
                PostgresServer standby = server.startStandby("first_one", Map.of())) {
            database.execute("SELECT pg_create_physical_replication_slot('theirs', true)");
            ReplicaLag lag = new ReplicaLag(Duration.ofHours(1), Optional.of(List.of("first_one", "second")));

            await().untilAsserted(() -> assertThat(lag.measure(session, POLITE))
                    .isEqualTo(Reading.unknown("replica second is not connected")));
            assertThat(new OtherSlots("ours").measure(session, POLITE)).isEqualTo(Reading.FINE);
            assertThat(standby.version()).isEqualTo(version);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "SELECT false; FINE",
                "SELECT NULL; FINE",
                "SELECT 0; FINE",
                "SELECT -1.5; FINE",
                "SELECT 1 WHERE false; FINE",
                "SELECT true; SLOW",
                "SELECT 0.001; SLOW",
                "SELECT count(*) FROM pg_class; SLOW",
                "SELECT 'NaN'::float8; UNKNOWN",
                "SELECT 'yes'; UNKNOWN",
                "SELECT pg_sleep(30); UNKNOWN",
                "CREATE TABLE t (); UNKNOWN",
                "SELEKT; UNKNOWN"
            })
    void understandsWhatTheQueryGives(String sql, Level level) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(
                        PostgresServer.defaultMajors().getLast());
                Session session = TestConnections.database(database).open("pace")) {
            Signals signals = new Signals(
                    new PaceSettings(
                            Optional.empty(), Optional.of(sql), Optional.empty(), Optional.empty(), Optional.empty()),
                    "ours");

            assertThat(signals.wanted(session, POLITE).level()).isEqualTo(level);
            assertThat(signals.wanted(session, POLITE).level()).as("and again").isEqualTo(level);
        }
    }

    @Test
    void theQueryIsTheOperatorsOwnSession() throws Exception {
        try (TestDatabase database =
                SharedServers.freshDatabase(PostgresServer.defaultMajors().getLast())) {
            database.execute(
                    "CREATE SCHEMA \"We\"\"ird\"",
                    "CREATE TABLE \"We\"\"ird\".load AS SELECT 7 AS n",
                    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = \"We\"\"ird\"',"
                            + " current_database()); END $$");
            try (Session session = TestConnections.database(database).open("pace")) {
                assertThat(new QuerySignal("SELECT n FROM load").measure(session, POLITE))
                        .isEqualTo(Reading.slow("--pace-query gives 7"));
            }
        }
    }
}
