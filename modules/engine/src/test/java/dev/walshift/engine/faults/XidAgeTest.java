package dev.walshift.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.migration.FailedException;
import dev.walshift.engine.migration.InterruptedMigrationException;
import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.rules.XidCounter;
import dev.walshift.engine.table.XidFence;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.TestDatabase;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A server whose transaction ids run out, or ran far while a migration stood still. */
final class XidAgeTest {
    /** xidStopLimit is this far before the oldest row's wraparound (SetTransactionIdLimit, src/backend/access/transam/varsup.c). */
    private static final long RESERVED = 3_000_000;

    private static final long HALF_CIRCLE = 0x8000_0000L;

    private static PostgresServer start() {
        return PostgresServer.start(
                PostgresServer.defaultMajors().getLast(),
                Map.of("autovacuum", "off", "autovacuum_freeze_max_age", "2000000000"));
    }

    @Test
    void aFenceThatBecameTooOldEndsTheMigrationAndANewOneDoesIt() throws Exception {
        try (PostgresServer server = start();
                TestDatabase database = TestDatabase.create(server);
                HeldMigration migration = HeldMigration.of(database)) {
            migration.holdIn(Phase.COPY);
            migration.stop();
            migration.letGo();
            assertThat(migration.failure()).isInstanceOf(InterruptedMigrationException.class);

            XidCounter.advance(server, XidFence.MAX_AGE + 10_000_000);
            migration.goOn();

            FailedException failure = migration.finalFailure();
            assertThat(failure.code()).isEqualTo(ProblemCode.NOT_CONVERGING);
            assertThat(failure).hasMessageContaining("the copy's fence is 1");
            migration.beginAnewAndEnd();
        }
    }

    @Test
    void aServerThatGivesNoMoreXidsIsToldAndNothingIsLeft() throws Exception {
        try (PostgresServer server = start();
                TestDatabase database = TestDatabase.create(server);
                HeldMigration migration = HeldMigration.of(database)) {
            migration.stopWriters();
            XidCounter.freeze(server);
            // Or the server's own emergency vacuum would come first.
            database.execute("SELECT pg_create_logical_replication_slot('holds_freezing', 'pgoutput')");
            XidCounter.advance(server, HALF_CIRCLE - RESERVED + 1_000_000);
            migration.goOn();

            assertThat(migration.failure())
                    .isInstanceOf(FailedException.class)
                    .hasMessageContaining("not accepting commands");

            database.execute("SELECT pg_drop_replication_slot('holds_freezing')");
            XidCounter.freeze(server);
            migration.startWritersAgain();
            migration.beginAnewAndEnd();
        }
    }
}
