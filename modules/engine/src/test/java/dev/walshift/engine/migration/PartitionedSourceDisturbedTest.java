package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What others do to a partitioned table in the middle of its copy: the migration ends exactly, begins again, or ends with the reason. */
final class PartitionedSourceDisturbedTest {
    private static final String TABLE = "\"Sh op\".\"We\"\"ird Täble\"";
    /** Of each of the two partitions; on more pages than a chunk has at first. */
    private static final int ROWS = 4_000;

    private static final MigrationRequest REQUEST =
            Scenario.request(TABLE, "ALTER COLUMN id TYPE bigint, ALTER COLUMN n TYPE bigint USING public.gate(n)");

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private TestDatabase database;
    private Connection connection;
    private Gate gate;

    private void create(ServerVersion server) throws SQLException {
        database = SharedServers.freshDatabase(server);
        connection = database.connect();
        gate = Gate.closedAt(database, ROWS + 1);
        database.execute(
                "CREATE SCHEMA \"Sh op\"",
                "CREATE TABLE %s (id int NOT NULL, region int NOT NULL, n int, pad text, PRIMARY KEY (id, region)) PARTITION BY LIST (region)"
                        .formatted(TABLE),
                "CREATE TABLE \"Sh op\".\"One\" PARTITION OF %s FOR VALUES IN (1)".formatted(TABLE),
                "CREATE TABLE \"Sh op\".\"Two\" PARTITION OF %s FOR VALUES IN (2, 22) PARTITION BY LIST (region)"
                        .formatted(TABLE),
                "CREATE TABLE \"Sh op\".\"Two and so on\" PARTITION OF \"Sh op\".\"Two\" FOR VALUES IN (2)",
                "CREATE TABLE \"Sh op\".\"Empty\" PARTITION OF %s FOR VALUES IN (3)".formatted(TABLE),
                "CREATE TABLE \"Sh op\".alone (LIKE %s)".formatted(TABLE),
                "CREATE TRIGGER each_row BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
                        .formatted(TABLE),
                "ALTER TABLE \"Sh op\".\"One\" CLUSTER ON \"One_pkey\"",
                "INSERT INTO %s SELECT i, 1 + i / %d, i, repeat('x', 800) FROM generate_series(0, %d) i"
                        .formatted(TABLE, ROWS, 2 * ROWS - 1));
    }

    @AfterEach
    void drop() throws SQLException {
        gate.close();
        threads.shutdownNow();
        connection.close();
        database.close();
    }

    private static List<Arguments> onAllServers(Stream<Arguments> cases) {
        List<Object[]> each = cases.map(Arguments::get).toList();
        return PostgresServer.sampledMajors(PartitionedSourceDisturbedTest.class).stream()
                .flatMap(server -> each.stream().map(it -> Arguments.of(server, it[0], it[1])))
                .toList();
    }

    /** The statement, and how many rows there are in the end. */
    static List<Arguments> rewrites() {
        return onAllServers(Stream.of(
                Arguments.of("TRUNCATE \"Sh op\".\"One\"", ROWS),
                Arguments.of("TRUNCATE " + TABLE, 0),
                Arguments.of("VACUUM FULL \"Sh op\".\"Two and so on\"", 2 * ROWS),
                Arguments.of("CLUSTER \"Sh op\".\"One\"", 2 * ROWS)));
    }

    @ParameterizedTest
    @MethodSource("rewrites")
    void aRewrittenPartitionIsCopiedAgain(ServerVersion server, String statement, int rows) throws Exception {
        create(server);
        CompletableFuture<MigrationReport> running = runWith(statement);

        assertThat(running.join().verified()).isTrue();
        assertThat(Scenario.list(connection, "SELECT count(*) FROM " + TABLE)).containsExactly(Integer.toString(rows));
        assertThat(Scenario.list(
                        connection,
                        "SELECT pg_typeof(id) FROM (SELECT id FROM %s UNION ALL SELECT NULL LIMIT 1) AS t"
                                .formatted(TABLE)))
                .containsExactly("bigint");
        Scenario.assertNothingLeft(connection);
    }

    /** The statement, and that it is not lost. */
    static List<Arguments> changes() {
        return onAllServers(Stream.of(
                Arguments.of(
                        "CREATE TABLE \"Sh op\".new PARTITION OF %s FOR VALUES IN (9)".formatted(TABLE),
                        "SELECT 1 FROM pg_inherits WHERE inhrelid = '\"Sh op\".new'::regclass"),
                Arguments.of(
                        "ALTER TABLE %s ATTACH PARTITION \"Sh op\".alone FOR VALUES IN (9)".formatted(TABLE),
                        "SELECT 1 FROM pg_inherits WHERE inhrelid = '\"Sh op\".alone'::regclass"),
                Arguments.of(
                        "ALTER TABLE \"Sh op\".\"Two\" ATTACH PARTITION \"Sh op\".alone FOR VALUES IN (22)",
                        "SELECT 1 FROM pg_inherits WHERE inhrelid = '\"Sh op\".alone'::regclass"),
                Arguments.of(
                        "ALTER TABLE %s DETACH PARTITION \"Sh op\".\"One\"".formatted(TABLE),
                        "SELECT 1 FROM pg_class WHERE oid = '\"Sh op\".\"One\"'::regclass AND NOT relispartition"),
                Arguments.of(
                        "ALTER TABLE %s DETACH PARTITION \"Sh op\".\"Empty\" CONCURRENTLY".formatted(TABLE),
                        "SELECT 1 FROM pg_class WHERE oid = '\"Sh op\".\"Empty\"'::regclass AND NOT relispartition"),
                Arguments.of(
                        "DROP TABLE \"Sh op\".\"Empty\"", "SELECT 1 WHERE to_regclass('\"Sh op\".\"Empty\"') IS NULL"),
                Arguments.of(
                        "BEGIN; ALTER TABLE \"Sh op\".\"One\" RENAME TO x; ALTER TABLE \"Sh op\".\"Two and so on\""
                                + " RENAME TO \"One\"; ALTER TABLE \"Sh op\".x RENAME TO \"Two and so on\"; COMMIT",
                        "SELECT 1 FROM pg_inherits WHERE inhrelid = '\"Sh op\".\"One\"'::regclass AND inhparent ="
                                + " '\"Sh op\".\"Two\"'::regclass"),
                Arguments.of(
                        "ALTER TABLE \"Sh op\".\"One\" DISABLE TRIGGER each_row",
                        "SELECT 1 FROM pg_trigger WHERE tgrelid = '\"Sh op\".\"One\"'::regclass AND tgenabled = 'D'"),
                Arguments.of(
                        "COMMENT ON TRIGGER each_row ON \"Sh op\".\"One\" IS 'mine'",
                        "SELECT 1 FROM pg_trigger t WHERE tgrelid = '\"Sh op\".\"One\"'::regclass AND"
                                + " obj_description(t.oid) = 'mine'"),
                Arguments.of(
                        "GRANT SELECT ON \"Sh op\".\"One\" TO pg_monitor",
                        "SELECT 1 WHERE has_table_privilege('pg_monitor', '\"Sh op\".\"One\"', 'SELECT')"),
                Arguments.of(
                        "CREATE INDEX own ON \"Sh op\".\"Two and so on\" (n)",
                        "SELECT 1 WHERE to_regclass('\"Sh op\".own') IS NOT NULL")));
    }

    @ParameterizedTest
    @MethodSource("changes")
    void anotherTreeIsToldAndNotLost(ServerVersion server, String statement, String intact) throws Exception {
        create(server);
        CompletableFuture<MigrationReport> running = runWith(statement);

        assertThatThrownBy(running::join)
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        MigrationException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.SOURCE_CHANGED));
        assertThat(Scenario.list(connection, intact)).hasSize(1);
        Scenario.assertNothingLeft(connection);
    }

    static List<Arguments> identities() {
        return onAllServers(Stream.of(
                Arguments.of("ALTER TABLE \"Sh op\".\"One\" REPLICA IDENTITY FULL", ProblemCode.REPLICA_IDENTITY),
                // Where there is a column list the server does not let it go.
                Arguments.of("""
                    DO $$ BEGIN
                        ALTER PUBLICATION walshift_1 SET (publish_via_partition_root = false);
                    EXCEPTION WHEN object_not_in_prerequisite_state OR invalid_parameter_value THEN
                        ALTER PUBLICATION walshift_1 SET (publish = 'insert, update, truncate');
                    END $$
                    """, ProblemCode.PUBLICATION_LOST)));
    }

    @ParameterizedTest
    @MethodSource("identities")
    void theStreamOfEachPartitionIsWatched(ServerVersion server, String statement, ProblemCode code) throws Exception {
        create(server);
        CompletableFuture<MigrationReport> running = runWith(statement);

        assertThatThrownBy(running::join)
                .cause()
                .isInstanceOfSatisfying(
                        MigrationException.class, e -> assertThat(e.code()).isEqualTo(code));
        assertThat(Scenario.list(connection, "SELECT count(*) FROM " + TABLE))
                .containsExactly(Integer.toString(2 * ROWS));
        Scenario.assertNothingLeft(connection);
    }

    @ParameterizedTest
    @OnMajors
    void goesOnWhereItWasWithRowsThatMovedMeanwhile(ServerVersion server) throws Exception {
        create(server);
        Migration first = Scenario.migration(database, REQUEST);
        CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(first::run, threads);
        gate.awaitArrival();
        first.stop();
        gate.open();
        assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedMigrationException.class);
        long copied = Long.parseLong(Scenario.list(connection, "SELECT sum(rows_copied) FROM walshift.stripe")
                .getFirst());
        assertThat(copied).isBetween(1L, 2L * ROWS - 1);
        database.execute(
                "UPDATE %s SET region = 3 - region WHERE id %% 3 = 0".formatted(TABLE),
                "UPDATE %s SET region = 3 WHERE id %% 7 = 0".formatted(TABLE),
                "DELETE FROM %s WHERE id %% 11 = 0".formatted(TABLE));
        List<String> rows = Scenario.list(connection, "SELECT t::text FROM %s t ORDER BY id".formatted(TABLE));

        MigrationReport report = Scenario.migration(database, REQUEST).run();

        assertThat(report.id()).isEqualTo(1);
        assertThat(report.verified()).isTrue();
        assertThat(Scenario.list(connection, "SELECT t::text FROM %s t ORDER BY id".formatted(TABLE)))
                .isEqualTo(rows);
        Scenario.assertNothingLeft(connection);
    }

    @ParameterizedTest
    @OnMajors
    void leavesEveryPartitionAsItWasWhenItIsGivenUp(ServerVersion server) throws Exception {
        create(server);
        database.execute(
                "ALTER TABLE \"Sh op\".\"One\" REPLICA IDENTITY NOTHING",
                "CREATE UNIQUE INDEX other ON \"Sh op\".\"Empty\" (pad)",
                "ALTER TABLE \"Sh op\".\"Empty\" ALTER pad SET NOT NULL",
                "ALTER TABLE \"Sh op\".\"Empty\" REPLICA IDENTITY USING INDEX other");
        String identities = """
            SELECT c.relname || ' ' || c.relreplident::text || ' '
                   || coalesce((SELECT i.indexrelid::regclass::text FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident), '')
              FROM pg_class c WHERE c.relispartition AND c.relkind = 'r' ORDER BY 1
            """;
        List<String> before = Scenario.list(connection, identities);
        Migration migration = Scenario.migration(database, REQUEST);
        CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
        gate.awaitArrival();
        assertThat(Scenario.list(connection, identities)).isNotEqualTo(before);
        migration.stop();
        gate.open();
        assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedMigrationException.class);

        new Abort(TestConnections.database(database)).run(1);

        assertThat(Scenario.list(connection, identities).stream().filter(line -> !line.startsWith("walshift")))
                .isEqualTo(before);
        Scenario.assertNothingLeft(connection);
    }

    /** It holds no lock on the partitioned table, and ends while the swap waits for the partition: its change must not be lost. */
    @ParameterizedTest
    @OnMajors
    void aWriterOfAPartitionAloneIsWaitedFor(ServerVersion server) throws Exception {
        create(server);
        CompletableFuture<MigrationReport> running =
                CompletableFuture.supplyAsync(Scenario.migration(database, REQUEST)::run, threads);
        gate.awaitArrival();
        try (Connection other = database.connect();
                Statement writer = other.createStatement()) {
            other.setAutoCommit(false);
            // The first write of a session reads the bounds, and keeps a lock on the partitioned table for its
            // transaction.
            writer.execute("UPDATE \"Sh op\".\"One\" SET pad = 'early' WHERE id = 5");
            other.commit();
            writer.execute("UPDATE \"Sh op\".\"One\" SET pad = 'late' WHERE id = 5");
            gate.open();
            await().atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofMillis(5))
                    .until(() ->
                            running.isDone() || !Scenario.list(connection, """
                                SELECT pid FROM pg_locks
                                 WHERE relation = '"Sh op"."One"'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted
                                """).isEmpty());
            other.commit();
        }

        assertThat(running.join().verified()).isTrue();
        assertThat(Scenario.list(connection, "SELECT pad FROM %s WHERE id = 5".formatted(TABLE)))
                .containsExactly("late");
    }

    /** Runs, and lets somebody do something in the middle of the copy; that may have to wait until a chunk is done. */
    private CompletableFuture<MigrationReport> runWith(String statement) throws SQLException {
        CompletableFuture<MigrationReport> running =
                CompletableFuture.supplyAsync(Scenario.migration(database, REQUEST)::run, threads);
        gate.awaitArrival();
        CompletableFuture<Void> changed = CompletableFuture.runAsync(() -> change(statement), threads);
        await().atMost(Duration.ofSeconds(60)).until(() -> changed.isDone() || isQueued());
        gate.open();
        changed.join();
        return running;
    }

    private boolean isQueued() throws SQLException {
        return !Scenario.list(connection, """
            SELECT pid FROM pg_stat_activity
             WHERE application_name = 'another DBA' AND wait_event_type = 'Lock' AND datname = current_database()
            """).isEmpty();
    }

    private void change(String statement) {
        try (Connection other = database.connect();
                Statement session = other.createStatement()) {
            session.execute("SET application_name = 'another DBA'");
            session.execute(statement);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
