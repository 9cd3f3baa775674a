package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An interrupted migration goes on by its number, with what the journal keeps of the request. */
final class ResumeTest {
    private static final int ROWS = 20_000;
    private static final String TABLE = "\"select it's {all}\"";
    private static final Identifier AMOUNT = new Identifier("n \"x\"");
    private static final List<Identifier> ORDER = List.of(AMOUNT, new Identifier("id"));

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private TestDatabase database;
    private Connection connection;
    private Gate gate;

    @BeforeEach
    void makeTable() throws SQLException {
        database = SharedServers.freshDatabase();
        connection = database.connect();
        gate = Gate.closedAt(database, ROWS / 2);
        database.execute(
                "CREATE TABLE %s (id int PRIMARY KEY, %s int)".formatted(TABLE, AMOUNT.sql()),
                "INSERT INTO %s SELECT i, i FROM generate_series(1, %d) i".formatted(TABLE, ROWS));
    }

    @AfterEach
    void dropTable() throws SQLException {
        gate.close();
        threads.shutdownNow();
        connection.close();
        database.close();
    }

    private static MigrationRequest request(List<Identifier> order) {
        return new MigrationRequest(
                new AlterRequest(
                        Optional.of(TABLE),
                        List.of("ALTER id TYPE bigint, ALTER %s TYPE bigint".formatted(AMOUNT.sql())),
                        Map.of(AMOUNT, "public.gate(%s)".formatted(AMOUNT.sql())),
                        order),
                3,
                true,
                VerifyMode.FULL);
    }

    private void stopInTheMiddle() throws SQLException {
        Migration first = Scenario.migration(database, request(ORDER));
        CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(first::run, threads);
        gate.awaitArrival();
        first.stop();
        gate.open();
        assertThatThrownBy(running::join)
                .hasCauseInstanceOf(InterruptedMigrationException.class)
                .satisfies(e -> assertThat(((InterruptedMigrationException) e.getCause()).remedy())
                        .contains("walshift resume 1", "walshift abort 1"));
    }

    private Migration resume(long id, UnaryOperator<MigrationRequest> options) throws SQLException {
        return Migration.resume(TestConnections.database(database), id, Scenario.SETTINGS, options);
    }

    @Test
    void goesOnWhereTheSearchPathLeadsElsewhere() throws SQLException {
        stopInTheMiddle();
        database.execute(
                "CREATE SCHEMA elsewhere",
                "CREATE TABLE elsewhere.%s (id int PRIMARY KEY)".formatted(TABLE),
                "ALTER DATABASE %s SET search_path = elsewhere, public".formatted(database.name()));

        MigrationReport report = resume(1, asBegun -> asBegun).run();

        assertThat(report.id()).isEqualTo(1);
        assertThat(report.verified()).isTrue();
        assertThat(report.retired()).isEmpty();
        assertThat(Scenario.list(connection, "SELECT t::text FROM public.%s t WHERE id = 7".formatted(TABLE)))
                .containsExactly("(7,7)");
        assertThat(Scenario.list(connection, """
            SELECT attname || ' ' || atttypid::regtype FROM pg_attribute
             WHERE attrelid = 'public.%s'::regclass AND attnum > 0 ORDER BY attnum
            """.formatted(TABLE.replace("'", "''"))))
                .containsExactly("n \"x\" bigint", "id bigint");
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void takesOtherOptionsButNotAnotherChange() throws SQLException {
        stopInTheMiddle();

        MigrationReport report = resume(
                        1,
                        asBegun -> new MigrationRequest(
                                new AlterRequest(Optional.of("other"), List.of("DROP id"), Map.of(), List.of()),
                                asBegun.workers() - 2,
                                !asBegun.dropRetired(),
                                VerifyMode.OFF))
                .run();

        assertThat(report.verified()).isFalse();
        assertThat(report.retired()).isPresent();
        assertThat(report.table().sql()).isEqualTo("\"public\"." + TABLE);
    }

    @Test
    void theSameRequestGoesOnAndAnotherOneIsRefused() throws SQLException {
        stopInTheMiddle();

        assertThatThrownBy(() ->
                        Scenario.migration(database, request(ORDER.reversed())).run())
                .hasMessageContaining("migration 1 of \"public\".%s is not finished".formatted(TABLE));
        assertThat(Scenario.migration(database, request(ORDER)).run().id()).isEqualTo(1);
    }

    @Test
    void nothingBeginsAnewUnderTheNumberOfWhatIsOver() throws SQLException {
        stopInTheMiddle();
        Migration late = resume(1, asBegun -> asBegun);
        new Abort(TestConnections.database(database)).run(1);

        assertThatThrownBy(late::run).hasMessageContaining("migration 1 is over");
        assertThatThrownBy(() -> resume(1, asBegun -> asBegun)).hasMessageContaining("migration 1 is over");
        assertThatThrownBy(() -> resume(2, asBegun -> asBegun))
                .hasMessageContaining("there is no migration 2")
                .hasFieldOrPropertyWithValue("code", ProblemCode.BUSY);
        Scenario.assertNothingLeft(connection);
    }
}
