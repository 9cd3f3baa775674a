package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.PostgresServer.StopMode;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.TestDatabase;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The primary dies half-way, and its standby takes over: with the slot where the server can do that, and never with a gap. */
final class PromotionTest {
    private static final String STANDBY = "standby";
    private static final int FAILOVER_SLOTS_SINCE = 17;
    private static final int LOOKS = 10;

    static List<ServerVersion> majorsWithFailoverSlots() {
        return PostgresServer.majors().stream()
                .filter(major -> major.isAtLeast(FAILOVER_SLOTS_SINCE))
                .toList();
    }

    @ParameterizedTest
    @OnMajors
    void withoutTheSlotTheCopyStartsAnew(ServerVersion major) throws Exception {
        try (PostgresServer primary = PostgresServer.start(major);
                PostgresServer standby = primary.startStandby(STANDBY, Map.of())) {
            TestDatabase database = TestDatabase.create(primary);
            try (HeldMigration migration = HeldMigration.of(database)) {
                migration.holdIn(Phase.COPY);
                migration.stopWriters();
                awaitReplay(primary, standby);

                standby.promote();
                primary.stop(StopMode.IMMEDIATE);
                migration.moveTo(TestDatabase.existing(standby, database.name()));

                assertThat(migration.finalFailure().code()).isEqualTo(ProblemCode.SLOT_LOST);
                migration.beginAnewAndEnd();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("majorsWithFailoverSlots")
    void withAFailoverSlotItGoesOn(ServerVersion major) throws Exception {
        try (PostgresServer primary = PostgresServer.start(major);
                PostgresServer standby = standbyWithSlots(primary)) {
            TestDatabase database = TestDatabase.create(primary);
            try (HeldMigration migration = HeldMigration.of(database)) {
                migration.holdIn(Phase.INDEX);
                awaitSlotOn(standby, primary);
                migration.stopWriters();
                awaitReplay(primary, standby);

                standby.promote();
                primary.stop(StopMode.IMMEDIATE);
                migration.moveTo(TestDatabase.existing(standby, database.name()));

                migration.end();
            }
        }
    }

    /** The standby has the changes, but not the transaction that put their keys into the key log, when it is promoted. */
    @ParameterizedTest
    @MethodSource("majorsWithFailoverSlots")
    void theStandbysSlotIsNeverAheadOfItsKeyLog(ServerVersion major) throws Exception {
        try (PostgresServer primary = PostgresServer.start(major);
                PostgresServer standby = standbyWithSlots(primary)) {
            TestDatabase database = TestDatabase.create(primary);
            try (HeldMigration migration = HeldMigration.of(database);
                    Connection connection = database.connect();
                    Connection keyLog = database.connect()) {
                migration.holdIn(Phase.INDEX);
                awaitSlotOn(standby, primary);
                migration.stopWriters();
                awaitReplay(primary, standby);
                keyLog.setAutoCommit(false);
                execute(keyLog, "LOCK TABLE walshift_1_log.keys_1 IN ACCESS EXCLUSIVE MODE");
                migration.touchGateRows();
                await().until(() -> !Scenario.list(connection, """
                    SELECT pid FROM pg_stat_activity
                     WHERE application_name = 'walshift key log' AND wait_event_type = 'Lock'
                    """).isEmpty());
                String durable = durable(connection);

                Runnable goOn = freezeWalSender(primary);
                keyLog.rollback();
                await().until(() -> !durable(connection).equals(durable));
                for (int look = 0; look < LOOKS; look++) {
                    syncSlots(standby);
                }
                standby.promote();
                goOn.run();
                primary.stop(StopMode.IMMEDIATE);
                migration.moveTo(TestDatabase.existing(standby, database.name()));

                migration.end();
            }
        }
    }

    private static PostgresServer standbyWithSlots(PostgresServer primary) throws SQLException {
        PostgresServer standby =
                primary.startStandby(STANDBY, Map.of("hot_standby_feedback", "on", "sync_replication_slots", "on"));
        try {
            primary.configure(Map.of("synchronized_standby_slots", STANDBY));
            return standby;
        } catch (SQLException e) {
            standby.close();
            throw e;
        }
    }

    private static String durable(Connection connection) throws SQLException {
        return Scenario.list(connection, "SELECT durable_lsn FROM walshift.stream")
                .getFirst();
    }

    /** Only where no transaction of ours has an xid: the standby's slot begins at the next one, and waits for the primary's to get there. */
    private static void awaitSlotOn(PostgresServer standby, PostgresServer primary) {
        await().until(() -> {
            try (Connection on = primary.connect();
                    Connection connection = standby.connect()) {
                execute(on, "SELECT pg_log_standby_snapshot()");
                syncSlots(standby);
                return !Scenario.list(
                                connection, "SELECT slot_name FROM pg_replication_slots WHERE synced AND NOT temporary")
                        .isEmpty();
            }
        });
    }

    /** Wakes the worker that copies slots, which else may sleep for half a minute, and gives it time for a round. */
    private static void syncSlots(PostgresServer standby) throws SQLException {
        try (Connection connection = standby.connect()) {
            execute(connection, "SELECT pg_reload_conf()");
            execute(connection, "SELECT pg_sleep(0.2)");
        }
    }

    private static void awaitReplay(PostgresServer primary, PostgresServer standby) throws SQLException {
        try (Connection from = primary.connect();
                Connection to = standby.connect()) {
            String written =
                    Scenario.list(from, "SELECT pg_current_wal_insert_lsn()").getFirst();
            await().until(() -> Scenario.list(to, "SELECT pg_last_wal_replay_lsn() >= '%s'::pg_lsn".formatted(written))
                    .contains("t"));
        }
    }

    /** Stops the process that sends WAL to the standby; returns what lets it go on. */
    private static Runnable freezeWalSender(PostgresServer primary) throws SQLException {
        try (Connection connection = primary.connect()) {
            String pid = Scenario.list(
                            connection,
                            "SELECT pid FROM pg_stat_replication WHERE application_name = '%s'".formatted(STANDBY))
                    .getFirst();
            signal("STOP", pid);
            return () -> signal("CONT", pid);
        }
    }

    private static void signal(String name, String pid) {
        try {
            assertThat(new ProcessBuilder("kill", "-" + name, pid).start().waitFor())
                    .isZero();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
