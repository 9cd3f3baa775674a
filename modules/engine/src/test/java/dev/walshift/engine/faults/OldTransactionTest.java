package dev.walshift.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.migration.FailedException;
import dev.walshift.engine.migration.InterruptedMigrationException;
import dev.walshift.engine.migration.MigrationSettings;
import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** Transactions of others that do not end: before the slot, before the fence, at the cutover; open or prepared. */
final class OldTransactionTest {
    /** Longer than any transaction of the writers ever takes. */
    private static final MigrationSettings IMPATIENT =
            Scenario.SETTINGS.withOldTransactionsPatience(Duration.ofSeconds(2));

    @ParameterizedTest
    @OnMajors
    void beforeTheSlotItGivesUpAndLeavesNothingBehind(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                HeldMigration migration = impatient(database)) {
            database.execute("BEGIN; CREATE TABLE prepared (); PREPARE TRANSACTION 'old one'");
            migration.holdIn(Phase.PREPARE);

            FailedException failure = migration.finalFailure();
            assertThat(failure.code()).isEqualTo(ProblemCode.BLOCKED_BY_TRANSACTION);
            assertThat(failure).hasMessageContaining("idle in transaction").hasMessageContaining("'old one'");
            database.execute("ROLLBACK PREPARED 'old one'");
            migration.letGo();
            migration.beginAnewAndEnd();
        }
    }

    @Test
    void itCanBeStoppedWhileItWaitsForThem() throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase();
                HeldMigration migration = HeldMigration.of(database)) {
            migration.holdIn(Phase.PREPARE);

            migration.stop();

            assertThat(migration.failure())
                    .isInstanceOf(InterruptedMigrationException.class)
                    .hasMessageContaining("stopped on request");
            migration.letGo();
            migration.end();
        }
    }

    /** The fence of a copy that begins again. */
    @ParameterizedTest
    @OnMajors
    void beforeTheFenceItGivesUpAndGoesOnLater(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                HeldMigration migration = impatient(database)) {
            migration.holdIn(Phase.COPY);
            migration.stop();
            migration.letGo();
            assertThat(migration.failure()).isInstanceOf(InterruptedMigrationException.class);
            database.execute(
                    "BEGIN; CREATE TABLE prepared (); PREPARE TRANSACTION 'old one'",
                    "VACUUM FULL " + migration.table().name().sql());

            migration.goOn();

            assertThat(migration.failure())
                    .isInstanceOfSatisfying(
                            InterruptedMigrationException.class,
                            e -> assertThat(e.code()).isEqualTo(ProblemCode.BLOCKED_BY_TRANSACTION))
                    .hasMessageContaining("the copy could not begin")
                    .hasMessageContaining("prepared transaction 'old one'");
            database.execute("ROLLBACK PREPARED 'old one'");
            migration.end();
        }
    }

    @ParameterizedTest
    @OnMajors
    void aPreparedOneAtTheCutoverIsNamedAndWaitedFor(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                HeldMigration migration = HeldMigration.of(database)) {
            migration.holdIn(Phase.VERIFY);
            database.execute("BEGIN; LOCK TABLE %s IN ACCESS SHARE MODE; PREPARE TRANSACTION 'old one'"
                    .formatted(migration.table().name().sql()));

            migration.letGo();
            migration.awaitProgress(progress -> progress.detail().contains("prepared transaction 'old one'"));
            database.execute("COMMIT PREPARED 'old one'");

            migration.end();
        }
    }

    private static HeldMigration impatient(TestDatabase database) throws SQLException {
        return HeldMigration.of(database, TestConnections.database(database), IMPATIENT);
    }
}
