package dev.walshift.engine.faults;

import dev.walshift.engine.migration.Phase;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The server dies in each phase, with commits of ours that it had not flushed, and comes back. */
final class ServerCrashTest {
    private static PostgresServer server;

    @BeforeAll
    static void startServer() {
        server = PostgresServer.start(PostgresServer.defaultMajors().getLast());
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    static List<Phase> phases() {
        return HeldMigration.PHASES;
    }

    @ParameterizedTest
    @MethodSource("phases")
    void goesOnAfterTheServerCameBack(Phase phase) throws Exception {
        try (TestDatabase database = TestDatabase.create(server);
                HeldMigration migration = HeldMigration.of(database)) {
            migration.holdIn(phase);

            server.stop(PostgresServer.StopMode.IMMEDIATE);
            server.startAgain();

            migration.end();
        }
    }
}
