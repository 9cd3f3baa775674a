package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.migration.FailedException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.Phase;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;

/**
 * Another DBA changes the table, or our publication of it, at each station of a migration: it ends exactly, or with what was changed as
 * the reason, the change intact and nothing of ours left. By default each kind of change meets one station and each station some of
 * them; {@code -Dwalshift.test.every-station=true} lets all meet.
 */
final class SchemaChangedMeanwhileTest {
    private static final boolean ALL = Boolean.getBoolean("walshift.test.every-station");

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private TestDatabase database;
    private Connection connection;

    static Stream<Arguments> encounters() {
        List<Arguments> cases = new ArrayList<>();
        Station[] stations = Station.values();
        for (Disturbance change : Disturbance.values()) {
            if (ALL) {
                Stream.of(stations).forEach(station -> cases.add(Arguments.of(change, station)));
            } else {
                cases.add(Arguments.of(change, stations[cases.size() % stations.length]));
            }
        }
        return cases.stream();
    }

    @BeforeEach
    void makeTable() throws SQLException {
        database = SharedServers.freshDatabase();
        connection = database.connect();
        Hold.createTable(database);
    }

    @AfterEach
    void dropTable() throws SQLException {
        threads.shutdownNow();
        connection.close();
        database.close();
    }

    @ParameterizedTest
    @MethodSource("encounters")
    void endsExactlyOrLeavesTheChangeIntact(Disturbance change, Station station) throws Exception {
        Migration migration = migration();
        CompletableFuture<MigrationReport> running;
        try (Hold hold = Hold.at(station, database)) {
            running = CompletableFuture.supplyAsync(migration::run, threads);
            hold.awaitArrival(migration);
            CompletableFuture<Void> changed = change(change.statement());
            hold.close();
            changed.join();
        }

        Optional<FailedException> failure = failure(running);

        assertThat(Scenario.list(connection, change.intact())).containsExactly("t");
        if (failure.isPresent()) {
            assertThat(failure.get().code()).isEqualTo(change.end().orElseThrow());
            assertThat(failure.get().remedy()).isNotBlank();
        } else if (change.end().isPresent()) {
            // Only the swap's own lock may have come before the statement, which then was the new table's.
            assertThat(station).isEqualTo(Station.LOCK_QUEUE);
        }
        assertThat(Scenario.list(connection, "SELECT count(*) FROM " + change.table()))
                .containsExactly(Integer.toString(change.rows()));
        assertUsable(change);
        Scenario.assertNothingLeft(connection);
    }

    @Test
    void isToldAtOnceAndNotAtTheEnd() throws Exception {
        Migration migration = migration();
        try (Hold hold = Hold.at(Station.INDEX, database)) {
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
            hold.awaitArrival(migration);
            database.execute("GRANT SELECT ON orders TO pg_monitor");

            assertThat(failure(running))
                    .hasValueSatisfying(e -> assertThat(e).hasMessageContaining("somebody changed"));
            assertThat(migration.progress().phase()).isEqualTo(Phase.INDEX);
        }
        Scenario.assertNothingLeft(connection);
    }

    private Migration migration() {
        return Scenario.migration(database, Scenario.request("orders", Hold.ALTER));
    }

    /** Returns once the statement is done, or waits for a lock. */
    private CompletableFuture<Void> change(String statements) throws SQLException {
        Connection dba = database.connect();
        int pid = dba.unwrap(PGConnection.class).getBackendPID();
        CompletableFuture<Void> changed = CompletableFuture.runAsync(
                () -> {
                    try (dba;
                            Statement statement = dba.createStatement()) {
                        statement.execute(statements);
                    } catch (SQLException e) {
                        throw new CompletionException(e);
                    }
                },
                threads);
        await().pollInterval(Duration.ofMillis(10))
                .until(() -> changed.isDone()
                        || !Scenario.list(
                                        connection,
                                        "SELECT pid FROM pg_locks WHERE NOT granted AND pid = %d".formatted(pid))
                                .isEmpty());
        return changed;
    }

    private static Optional<FailedException> failure(CompletableFuture<MigrationReport> running) {
        try {
            assertThat(running.join().verified()).isTrue();
            return Optional.empty();
        } catch (CompletionException e) {
            assertThat(e).hasCauseInstanceOf(FailedException.class);
            return Optional.of((FailedException) e.getCause());
        }
    }

    /** The application goes on as if nothing had been: its rows are right, its serial gives values, its updates get through. */
    private void assertUsable(Disturbance change) throws SQLException {
        if (change == Disturbance.DROP || change == Disturbance.REPLACE) {
            return;
        }
        String table = change.table();
        assertThat(Scenario.list(
                        connection, "SELECT count(*) FROM %s WHERE n <> k OR note <> 'as it was'".formatted(table)))
                .containsExactly("0");
        String key = change == Disturbance.RENAME_KEY ? "key" : "id";
        assertThat(Scenario.list(
                        connection,
                        "INSERT INTO %s (n, k, note) VALUES (0, 0, 'later') RETURNING %s".formatted(table, key)))
                .containsExactly(Integer.toString(Hold.ROWS + 1));
        database.execute("UPDATE %s SET note = 'later still'".formatted(table));
        assertThat(Scenario.list(
                        connection,
                        "SELECT pg_get_serial_sequence('%s', '%s')::regclass::oid = d.refobjid FROM pg_attrdef a JOIN pg_depend d ON d.objid = a.oid AND d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid = 0 WHERE a.adrelid = '%s'::regclass"
                                .formatted(table, key, table)))
                .containsExactly("t");
    }
}
