package dev.walshift.engine.migration;

import static dev.walshift.engine.Patience.await;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.cutover.CutoverSettings;
import dev.walshift.engine.pace.Budgets;
import dev.walshift.engine.pace.Limit;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Database;
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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** Migrations whose shadow somebody has changed, and comparisons on demand. */
final class VerificationTest {
    private static final int ROWS = 1_000;
    private static final String TO_BIGINT = "ALTER COLUMN id TYPE bigint";
    private static final String THROUGH_THE_GATE = TO_BIGINT + ", ALTER COLUMN n TYPE bigint USING public.gate(n)";
    private static final String TAMPER = "UPDATE walshift_1.orders SET note = 'tampered' WHERE id = 77";

    /** One attempt, so that a reader of the table is enough to keep the tables from being swapped. */
    static final MigrationSettings HASTY = Scenario.SETTINGS.with(new CutoverSettings(
            new LockRetry(Duration.ofMillis(50), 1, Duration.ofMillis(10), below -> 0),
            Duration.ofSeconds(5),
            Duration.ofSeconds(1),
            30));

    private TestDatabase database;
    private Connection connection;

    @AfterEach
    void dropTable() throws SQLException {
        connection.close();
        database.close();
    }

    /** A migration that is interrupted right before the swap. */
    private void stopBeforeTheSwap(ServerVersion server, VerifyMode verify) throws SQLException {
        makeTable(server);
        stopBeforeTheSwap(request(verify));
    }

    private void makeTable(ServerVersion server) throws SQLException {
        database = SharedServers.freshDatabase(server);
        connection = database.connect();
        database.execute(
                "CREATE TABLE orders (id int PRIMARY KEY, n int, note text)",
                "INSERT INTO orders SELECT i, i, 'as it was' FROM generate_series(1, %d) i".formatted(ROWS));
    }

    private void stopBeforeTheSwap(MigrationRequest request) throws SQLException {
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("LOCK TABLE orders IN ACCESS SHARE MODE");
            Migration migration = new Migration(server(), request, HASTY);
            assertThatThrownBy(migration::run)
                    .isInstanceOfSatisfying(
                            InterruptedMigrationException.class,
                            e -> assertThat(e.code()).isEqualTo(ProblemCode.LOCK_NOT_GRANTED));
        }
        assertThat(status().state()).isEqualTo("CATCHING_UP");
    }

    private Database server() {
        return TestConnections.database(database);
    }

    private static MigrationRequest request(VerifyMode verify) {
        return request(TO_BIGINT, verify);
    }

    private static MigrationRequest request(String alter, VerifyMode verify) {
        MigrationRequest request = Scenario.request("orders", alter);
        return new MigrationRequest(request.alter(), request.workers(), request.dropRetired(), verify);
    }

    private MigrationReport run(VerifyMode verify) {
        return Scenario.migration(server(), request(verify)).run();
    }

    private Verification.Report verify() {
        return new Verification(server(), 1, 2, Scenario.SETTINGS).run();
    }

    private MigrationStatus status() throws SQLException {
        return new MigrationList(server()).all().getFirst();
    }

    @ParameterizedTest
    @OnMajors
    void aDifferenceKeepsTheTablesApartAndTheEvidence(ServerVersion server) throws SQLException {
        stopBeforeTheSwap(server, VerifyMode.OFF);
        database.execute(TAMPER);

        assertDifferenceIsFound(() -> run(VerifyMode.FULL));
        assertEvidenceIsKept();
        assertDifferenceIsFound(() -> run(VerifyMode.OFF));
        assertDifferenceIsFound(this::verify);
        assertEvidenceIsKept();

        new Abort(server()).run(1);
        Scenario.assertNothingLeft(connection);
        MigrationReport anew = run(VerifyMode.FULL);
        assertThat(anew.verified()).isTrue();
        assertThat(anew.verify().rows()).isEqualTo(ROWS);
    }

    @ParameterizedTest
    @OnMajors
    void aSampleFindsADifferenceToo(ServerVersion server) throws SQLException {
        stopBeforeTheSwap(server, VerifyMode.OFF);
        database.execute(TAMPER);

        assertDifferenceIsFound(() -> run(VerifyMode.SAMPLE));
        assertEvidenceIsKept();
    }

    @Test
    void reportsASampleAsOne() throws SQLException {
        stopBeforeTheSwap(PostgresServer.defaultMajors().getLast(), VerifyMode.OFF);

        MigrationReport report = run(VerifyMode.SAMPLE);

        assertThat(report.verified()).isFalse();
        assertThat(report.verify()).isEqualTo(new VerifyReport(VerifyMode.SAMPLE, ROWS));
    }

    @Test
    void offComparesNothing() throws SQLException {
        stopBeforeTheSwap(PostgresServer.defaultMajors().getLast(), VerifyMode.OFF);
        database.execute(TAMPER);

        MigrationReport report = run(VerifyMode.OFF);

        assertThat(report.verified()).isFalse();
        assertThat(report.verify().mode()).isEqualTo(VerifyMode.OFF);
        assertThat(Scenario.list(connection, "SELECT note FROM orders WHERE id = 77"))
                .containsExactly("tampered");
    }

    @Test
    void whatWasComparedBeforeTheInterruptionIsNotComparedAgain() throws SQLException {
        stopBeforeTheSwap(PostgresServer.defaultMajors().getLast(), VerifyMode.FULL);
        database.execute("UPDATE orders SET note = 'changed while nobody ran' WHERE id = 5", TAMPER);

        MigrationReport report = run(VerifyMode.FULL);

        assertThat(report.verified()).isTrue();
        assertThat(Scenario.list(connection, "SELECT id FROM orders WHERE note <> 'as it was' ORDER BY id"))
                .containsExactly("5", "77");
    }

    @ParameterizedTest
    @OnMajors
    void comparesOnDemandAndLeavesTheRestToRun(ServerVersion server) throws SQLException {
        stopBeforeTheSwap(server, VerifyMode.OFF);
        database.execute(
                "UPDATE orders SET note = 'changed while nobody ran' WHERE id <= 10",
                "DELETE FROM orders WHERE id = 1");

        assertThat(status().compared()).isEmpty();

        assertThat(verify().verify()).isEqualTo(new VerifyReport(VerifyMode.FULL, ROWS - 1));
        assertThat(status().state()).isEqualTo("CATCHING_UP");
        assertThat(status().compared()).contains(1.0);

        assertThat(run(VerifyMode.OFF).verified()).isTrue();
        assertThat(Scenario.list(connection, "SELECT count(*) FROM orders WHERE note = 'changed while nobody ran'"))
                .containsExactly("9");
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void findsOnDemandWhatAnEarlierComparisonCouldNotSee() throws SQLException {
        stopBeforeTheSwap(PostgresServer.defaultMajors().getLast(), VerifyMode.FULL);
        database.execute(TAMPER);

        assertDifferenceIsFound(this::verify);
        assertEvidenceIsKept();
    }

    @Test
    void aProcessThatWasKilledWithADifferenceLeavesTheRestToTheNext() throws SQLException {
        stopBeforeTheSwap(PostgresServer.defaultMajors().getLast(), VerifyMode.OFF);
        database.execute("""
            UPDATE walshift.migration
               SET state = 'DIFFERS', problem_code = 'DIFFERENCE_FOUND', problem = 'rows differ', remedy = 'look at them'
            """);
        assertThat(status().slotLagBytes()).isPresent();

        assertThatThrownBy(() -> run(VerifyMode.OFF))
                .isInstanceOf(FailedException.class)
                .hasMessage("rows differ");
        assertThat(status().slotLagBytes()).isEmpty();
        assertThat(Scenario.list(connection, "SELECT pubname FROM pg_publication"))
                .isEmpty();
        assertThat(status().state()).isEqualTo("DIFFERS");
    }

    @Test
    void comparesOnlyWhatIsThereAndComplete() throws Exception {
        stopBeforeTheSwap(PostgresServer.defaultMajors().getLast(), VerifyMode.OFF);
        try (Connection other = database.connect();
                Statement statement = other.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(hashtextextended('walshift migration of ' || relation, 0))"
                    + " FROM walshift.migration");
            assertRefused(this::verify, "a process works on migration 1");
        }
        database.execute("UPDATE walshift.migration SET state = 'INDEXING'");
        assertRefused(this::verify, "is not complete yet");
        database.execute("UPDATE walshift.migration SET state = 'CATCHING_UP'");
        assertRefused(() -> new Verification(server(), 2, 2, Scenario.SETTINGS).run(), "there is no migration 2");
        run(VerifyMode.OFF);
        assertRefused(this::verify, "is over already");
    }

    @ParameterizedTest
    @OnMajors
    void aMigrationThatCanNeverBeFinishedIsRemovedOnDemandToo(ServerVersion server) throws SQLException {
        stopBeforeTheSwap(server, VerifyMode.OFF);
        database.execute("ALTER PUBLICATION walshift_1 DROP TABLE orders");

        assertThatThrownBy(this::verify)
                .isInstanceOfSatisfying(
                        FailedException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.PUBLICATION_LOST));
        assertThat(status().state()).isEqualTo("FAILED");
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void keepsToTheLimitsThatItIsGiven() throws SQLException {
        makeTable(PostgresServer.defaultMajors().getLast());
        Budgets aByteOfKeyLog =
                new Budgets(Optional.empty(), Optional.of(Limit.at(1L)), Optional.empty(), Optional.empty());
        try (Gate gate = Gate.closedAt(database, ROWS);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            gate.open();
            stopBeforeTheSwap(request(THROUGH_THE_GATE, VerifyMode.OFF));
            gate.shut();
            Verification verification = new Verification(server(), 1, 2, Scenario.SETTINGS.with(aByteOfKeyLog));
            CompletableFuture<Verification.Report> running = supplyAsync(verification::run, threads);
            await().until(() ->
                    running.isDone() || verification.progress().detail().contains("--max-key-log is"));
            gate.open();

            assertThatThrownBy(running::join)
                    .cause()
                    .isInstanceOfSatisfying(
                            FailedException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.BUDGET_EXCEEDED));
        }
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void endsWhenItsTimeIsOverAndLeavesTheMigrationAsItWas() throws SQLException {
        Budgets aMoment = new Budgets(
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(Limit.at(Duration.ofMillis(1))));
        stopBeforeTheSwap(PostgresServer.defaultMajors().getLast(), VerifyMode.OFF);

        assertThatThrownBy(() -> new Verification(server(), 1, 2, Scenario.SETTINGS.with(aMoment)).run())
                .isInstanceOfSatisfying(
                        InterruptedMigrationException.class,
                        e -> assertThat(e.code()).isEqualTo(ProblemCode.BUDGET_EXCEEDED));
        assertThat(verify().verify().rows()).isEqualTo(ROWS);
    }

    private static void assertRefused(ThrowingCallable call, String why) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        MigrationException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.BUSY))
                .hasMessageContaining(why)
                .hasMessageContaining("nothing was touched");
    }

    private static void assertDifferenceIsFound(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(FailedException.class, e -> {
                    assertThat(e.code()).isEqualTo(ProblemCode.DIFFERENCE_FOUND);
                    assertThat(e.remedy()).contains("differences", "walshift abort 1");
                })
                .hasMessageContaining("(77) differs in note")
                .hasMessageNotContaining("tampered");
    }

    private void assertEvidenceIsKept() throws SQLException {
        MigrationStatus status = status();
        assertThat(status.state()).isEqualTo("DIFFERS");
        assertThat(status.problem().orElseThrow().message()).contains("(77) differs in note");
        assertThat(status.slotLagBytes()).isEmpty();
        assertThat(Scenario.list(connection, "SELECT pubname FROM pg_publication"))
                .isEmpty();
        assertThat(Scenario.list(connection, "SELECT key || shadow_row FROM walshift_1_log.differences"))
                .isEqualTo(List.of("(77)(77,77,tampered)"));
        assertThat(Scenario.list(connection, "SELECT count(*) FROM walshift_1.orders"))
                .containsExactly(Integer.toString(ROWS));
        assertThat(Scenario.list(connection, "SELECT count(*) FROM walshift_1_log.keys_1"))
                .hasSize(1);
        assertThat(Scenario.list(connection, "SELECT pg_typeof(id) || note FROM orders WHERE id = 77"))
                .containsExactly("integeras it was");
    }
}
