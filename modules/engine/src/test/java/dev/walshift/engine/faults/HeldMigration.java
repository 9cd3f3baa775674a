package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.Patience;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.migration.FailedException;
import dev.walshift.engine.migration.Gate;
import dev.walshift.engine.migration.InterruptedMigrationException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationProgress;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationSettings;
import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.postgres.Database;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.oracle.Expectation;
import dev.walshift.testkit.oracle.Oracle;
import dev.walshift.testkit.workload.Column;
import dev.walshift.testkit.workload.KeyKind;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.Workload;
import dev.walshift.testkit.workload.WorkloadOptions;
import dev.walshift.testkit.workload.WorkloadTable;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.awaitility.core.ConditionTimeoutException;

/**
 * A migration beside writers that can be held in each of its phases, so that a test knows where it was when something happened; and that
 * in the end is compared with what the writers committed. One thread.
 *
 * <p>What holds it: a transaction older than its slot, rows whose conversion waits ({@link Gate}), a lock on the shadow, a reader of
 * the source.
 */
final class HeldMigration implements AutoCloseable {
    /** The phases that it can be held in. */
    static final List<Phase> PHASES =
            List.of(Phase.PREPARE, Phase.COPY, Phase.INDEX, Phase.CATCH_UP, Phase.VERIFY, Phase.CUT_OVER);

    private static final int ROWS = 10_000;
    private static final int WRITERS = 2;
    private static final Duration WRITERS_PAUSE = Duration.ofMillis(2);
    private static final int GATE_VALUE = -4711;
    private static final int MOST_RUNS = 20;

    private TestDatabase database;
    private Database access;
    private final MigrationSettings settings;
    private final WorkloadTable table;
    private final Gate gate;
    private Workload workload;
    private final List<Connection> holders = new ArrayList<>();
    /** Not the common pool: on two cores it has one thread. */
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private Migration migration;
    private CompletableFuture<MigrationReport> running = new CompletableFuture<>();

    private HeldMigration(TestDatabase database, Database access, MigrationSettings settings) throws SQLException {
        this.database = database;
        this.access = access;
        this.settings = settings;
        this.table = WorkloadTable.hostile(KeyKind.INT);
        this.migration = newMigration();
        try (Connection connection = database.connect()) {
            Truth start = table.create(connection, ROWS);
            addGateRows(connection);
            gate = Gate.closedAt(database, GATE_VALUE);
            workload = startWriters(start);
        }
    }

    /**
     * Rows that the writers know nothing of, at the start of the table and on so many pages that each of the copy's workers meets one of
     * them, and most of the table is yet to be copied while it waits.
     */
    private void addGateRows(Connection connection) throws SQLException {
        execute(
                connection,
                "INSERT INTO %s (%s, %s, %s, %s) SELECT -i, 'gate ' || i, repeat('x', 1900), %d FROM generate_series(1, 60) i"
                        .formatted(
                                table.name().sql(),
                                table.keyColumns().getFirst().sql(),
                                table.column(Column.CODE).sql(),
                                table.column(Column.PAYLOAD).sql(),
                                table.column(Column.COUNTER).sql(),
                                GATE_VALUE));
        String key = Scenario.list(
                        connection,
                        "SELECT quote_ident(conname) FROM pg_constraint WHERE contype = 'p' AND conrelid = %s::regclass"
                                .formatted(literal(table.name().sql())))
                .getFirst();
        execute(connection, "CLUSTER %s USING %s".formatted(table.name().sql(), key));
        execute(
                connection,
                "ALTER TABLE %s SET WITHOUT CLUSTER".formatted(table.name().sql()));
    }

    /** As patient with standbys as the application has to be: not at all. A standby that is away must not stop it. */
    private Workload startWriters(Truth start) throws SQLException {
        return Workload.start(
                () -> {
                    Connection connection = database.connect();
                    execute(connection, "SET synchronous_commit = local");
                    return connection;
                },
                start,
                WorkloadOptions.of(System.nanoTime(), WRITERS).with(WRITERS_PAUSE));
    }

    /** From here on nothing writes until {@link #startWritersAgain} or {@link #moveTo}. */
    void stopWriters() {
        Truth unused = workload.stop();
        assertThat(workload.errors()).isEmpty();
    }

    void startWritersAgain() throws SQLException {
        workload = startWriters(workload.stop());
    }

    /** How many transactions the writers have committed. */
    long committed() {
        return workload.stats().transactions();
    }

    /** Goes on with a server that has taken over: the writers, which were stopped before, and the migration's next run. */
    void moveTo(TestDatabase promoted) throws SQLException {
        migration.stop();
        assertThat(failure()).isInstanceOf(InterruptedMigrationException.class);
        database = promoted;
        access = TestConnections.database(promoted);
        startWritersAgain();
        start();
    }

    /** Makes the table and starts the writers; nothing migrates yet. */
    static HeldMigration of(TestDatabase database) throws SQLException {
        return of(database, TestConnections.database(database), Scenario.SETTINGS);
    }

    /**
     * The same with other settings.
     *
     * @param access how the migration connects
     */
    static HeldMigration of(TestDatabase database, Database access, MigrationSettings settings) throws SQLException {
        return new HeldMigration(database, access, settings);
    }

    private Migration newMigration() {
        String alter = "ALTER COLUMN %s TYPE bigint, ALTER COLUMN %s TYPE bigint USING public.gate(%s)"
                .formatted(
                        table.keyColumns().getFirst().sql(),
                        table.column(Column.COUNTER).sql(),
                        table.column(Column.COUNTER).sql());
        return new Migration(access, Scenario.request(table, alter), settings);
    }

    /** Runs until it is held in {@code phase}. */
    void holdIn(Phase phase) throws SQLException {
        if (phase == Phase.PREPARE) {
            hold("SELECT pg_current_xact_id()");
            start();
            awaitProgress(progress -> progress.detail().contains("before the replication slot"));
            return;
        }
        start();
        gate.awaitArrival();
        if (phase == Phase.COPY) {
            return;
        }
        Connection index = hold("LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE".formatted(shadow()));
        gate.open();
        awaitProgress(progress -> progress.phase() == Phase.INDEX);
        if (phase == Phase.INDEX) {
            return;
        }
        gate.shut();
        if (phase == Phase.CATCH_UP) {
            touchGateRows();
        }
        release(index);
        gate.awaitArrival();
        assertThat(migration.progress().phase()).isEqualTo(phase == Phase.CATCH_UP ? phase : Phase.VERIFY);
        if (phase == Phase.CUT_OVER) {
            hold("LOCK TABLE %s IN ACCESS SHARE MODE".formatted(table.name().sql()));
            gate.open();
            awaitProgress(progress -> progress.detail().contains("lock not granted"));
        }
    }

    /** A change of the rows that wait at the gate. */
    void touchGateRows() throws SQLException {
        database.execute("UPDATE %s SET %s = 'touched' WHERE %s = %d"
                .formatted(
                        table.name().sql(),
                        table.column(Column.PAYLOAD).sql(),
                        table.column(Column.COUNTER).sql(),
                        GATE_VALUE));
    }

    WorkloadTable table() {
        return table;
    }

    private String shadow() throws SQLException {
        try (Connection connection = database.connect()) {
            return Scenario.list(
                            connection,
                            "SELECT format('walshift_%%s.%%I', max(id), %s) FROM walshift.migration"
                                    .formatted(literal(table.name().name().name())))
                    .getFirst();
        }
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    /** A transaction that stays open after {@code statement}. */
    private Connection hold(String statement) throws SQLException {
        Connection holder = database.connect();
        holders.add(holder);
        holder.setAutoCommit(false);
        execute(holder, statement);
        return holder;
    }

    private void release(Connection holder) throws SQLException {
        holders.remove(holder);
        holder.close();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void start() {
        Migration next = newMigration();
        migration = next;
        running = CompletableFuture.supplyAsync(next::run, threads);
    }

    /** Until the running migration's progress is as wanted. */
    void awaitProgress(Predicate<MigrationProgress> wanted) {
        try {
            await().pollInterval(Duration.ofMillis(5)).until(() -> {
                if (running.isDone()) {
                    throw new IllegalStateException("the migration ended", running.exceptionNow());
                }
                return wanted.test(migration.progress());
            });
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("still " + migration.progress(), e);
        }
    }

    /** Asks the running migration to stop. */
    void stop() {
        migration.stop();
    }

    /** Takes away what holds it. */
    void letGo() throws SQLException {
        gate.open();
        for (Connection holder : List.copyOf(holders)) {
            release(holder);
        }
    }

    /** How the present run ends. */
    Throwable failure() {
        try {
            MigrationReport report = running.orTimeout(Patience.PATIENCE.toSeconds(), TimeUnit.SECONDS)
                    .join();
            throw new AssertionError("it should have failed, but did " + report);
        } catch (CompletionException e) {
            return e.getCause();
        }
    }

    /** How it fails in the end, after it went on as often as it was interrupted; nothing may be left of it. */
    FailedException finalFailure() throws SQLException {
        try {
            MigrationReport report = runToTheEnd();
            throw new AssertionError("it should have failed, but did " + report);
        } catch (CompletionException e) {
            assertThat(e.getCause()).isInstanceOf(FailedException.class);
            try (Connection connection = database.connect()) {
                Scenario.assertNothingLeft(connection);
            }
            return (FailedException) e.getCause();
        }
    }

    /**
     * Goes on as often as it is interrupted or loses the server, and compares the outcome: nothing lost, nothing doubled, nothing left behind, and no writer
     * met an error.
     */
    MigrationReport end() throws SQLException {
        MigrationReport report = runToTheEnd();
        compare(table);
        return report;
    }

    /** A new run after one that failed; to the end as {@link #end()}. */
    MigrationReport beginAnewAndEnd() throws SQLException {
        start();
        return end();
    }

    /** One more run. */
    void goOn() {
        start();
    }

    private MigrationReport runToTheEnd() {
        for (int run = 1; ; run++) {
            try {
                return running.orTimeout(Patience.PATIENCE.toSeconds(), TimeUnit.SECONDS)
                        .join();
            } catch (CompletionException e) {
                if (!isPassing(e.getCause()) || run == MOST_RUNS) {
                    throw e;
                }
                start();
            }
        }
    }

    /** Interrupted, or ended by a lost session before there was anything worth keeping. */
    private static boolean isPassing(Throwable failure) {
        return failure instanceof InterruptedMigrationException
                || (failure instanceof FailedException failed && failed.code() == ProblemCode.SERVER_UNAVAILABLE);
    }

    private void compare(WorkloadTable migrated) throws SQLException {
        Truth truth = workload.stop();
        assertThat(workload.errors()).isEmpty();
        try (Connection connection = database.connect()) {
            execute(
                    connection,
                    "DELETE FROM %s WHERE %s = %d"
                            .formatted(
                                    migrated.name().sql(),
                                    migrated.column(Column.COUNTER).sql(),
                                    GATE_VALUE));
            Comparison comparison = Oracle.compare(connection, truth, Expectation.unchanged(migrated));
            assertThat(comparison.isExact()).as(comparison.toString()).isTrue();
            Scenario.assertNothingLeft(connection);
        }
    }

    @Override
    public void close() throws SQLException {
        for (Connection holder : holders) {
            holder.close();
        }
        gate.close();
        workload.close();
        threads.shutdownNow();
    }
}
