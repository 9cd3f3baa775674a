package dev.walshift.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.faults.PublicationReader.Change;
import dev.walshift.engine.migration.Abort;
import dev.walshift.engine.migration.Doctor;
import dev.walshift.engine.migration.FailedException;
import dev.walshift.engine.migration.InterruptedMigrationException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.oracle.Expectation;
import dev.walshift.testkit.oracle.Oracle;
import dev.walshift.testkit.workload.KeyKind;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.Workload;
import dev.walshift.testkit.workload.WorkloadTable;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Migrations of tables in publications of the operator's, who agreed to it, and what those see who read these. */
final class PublishedMigrationTest extends PublishedFixture {
    private static final int ROWS = 5_000;
    private static final int WRITERS = 3;

    static Stream<Arguments> waysForSubscribers() {
        return kinds().filter(kind -> kind.get()[1] != Published.WITH_ALL_TABLES);
    }

    private static TestDatabase withTable(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE SCHEMA " + TABLE.schema().sql(),
                "CREATE TABLE %s (id int PRIMARY KEY, \"n ?\" int, note text)".formatted(T),
                "INSERT INTO %s SELECT i, i, 'as it was' FROM generate_series(1, 100) i".formatted(T));
        return database;
    }

    private static Migration migration(TestDatabase database, String table, String... clauses) {
        return Scenario.migration(database, request(table, clauses));
    }

    private static MigrationRequest request(String table, String... clauses) {
        AlterRequest alter = new AlterRequest(Optional.of(table), List.of(clauses), Map.of(), List.of())
                .agreeingTo(Set.of(Consent.PUBLICATIONS));
        return new MigrationRequest(alter, 2, false, VerifyMode.FULL);
    }

    private CompletableFuture<MigrationReport> start(Migration migration) {
        return CompletableFuture.supplyAsync(migration::run, threads);
    }

    private static List<String> list(TestDatabase database, String query) throws SQLException {
        return published(database).list(query);
    }

    /** Starts a migration that is held off, and waits until it can do nothing but swap. */
    private CompletableFuture<MigrationReport> startUpToTheSwap(Migration migration) {
        CompletableFuture<MigrationReport> running = start(migration);
        await().atMost(Hold.PATIENCE).until(() -> migration.progress().detail().contains("lock not granted"));
        return running;
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aConsumerSeesEachChangeOfTheTableOnceAndNoRowOfTheCopy(ServerVersion version, Published way) throws Exception {
        TestDatabase database = withTable(database(version));
        database.execute(way.create(PUBLICATION, TABLE));
        PublicationReader consumer = PublicationReader.open(database, PUBLICATION);

        Migration migration = migration(database, T, "ALTER id TYPE bigint");
        try (Connection holder = published(database).holdOff()) {
            CompletableFuture<MigrationReport> running = startUpToTheSwap(migration);
            published(database)
                    .commitInTheLockQueue(
                            holder,
                            List.of(
                                    "INSERT INTO %s VALUES (101, 1, 'new'), (102, 2, 'new')".formatted(T),
                                    "UPDATE %s SET note = 'changed' WHERE id <= 3".formatted(T),
                                    "DELETE FROM %s WHERE id = 4".formatted(T)));
            assertThat(running.join().verified()).isTrue();
        }
        database.execute(
                "UPDATE %s SET note = 'later' WHERE id = 5".formatted(T),
                "DELETE FROM %s WHERE id = 6".formatted(T),
                "INSERT INTO %s VALUES (3000000000)".formatted(T));

        List<Change> changes = consumer.read();
        assertThat(changes.stream()
                        .filter(change -> change.table().equals(TABLE))
                        .map(Change::kind))
                .containsExactly('I', 'I', 'U', 'U', 'U', 'D', 'U', 'D', 'I');
        assertThat(changes.stream().anyMatch(change -> !change.table().equals(TABLE)))
                .as("tables of ours are published")
                .isEqualTo(way == Published.WITH_ALL_TABLES);
    }

    /** The fence, bulk and exact steps, verify and the swap, each with tables of ours that are published. */
    @ParameterizedTest
    @OnMajors
    void allTablesArePublishedAndNoStatementFails(ServerVersion version) throws Exception {
        TestDatabase database = database(version);
        WorkloadTable table = WorkloadTable.hostile(KeyKind.INT);
        try (Connection connection = database.connect()) {
            Truth start = table.create(connection, ROWS);
            database.execute(Published.WITH_ALL_TABLES.create(PUBLICATION, table.name()));
            Truth end;
            try (Workload workload =
                    Workload.start(database::connect, start, Scenario.writers(System.nanoTime(), WRITERS))) {
                MigrationReport report =
                        migration(database, table.name().sql(), widenKey(table)).run();
                assertThat(report.verified()).isTrue();
                assertThat(report.keysApplied()).isPositive();
                end = workload.stop();
                assertThat(workload.errors()).isEmpty();
            }
            assertExact(connection, end);
            Scenario.assertNothingLeft(connection);
        }
    }

    private static String widenKey(WorkloadTable table) {
        return "ALTER COLUMN %s TYPE bigint"
                .formatted(table.keyColumns().getFirst().sql());
    }

    private static void assertExact(Connection connection, Truth truth) throws SQLException {
        Comparison comparison = Oracle.compare(connection, truth, Expectation.unchanged(truth.table()));
        assertThat(comparison.isExact()).as(comparison.toString()).isTrue();
    }

    @ParameterizedTest
    @OnMajors
    void aMigrationBesideAPublicationOfAllTablesIsAbortedWithoutATrace(ServerVersion version) throws Exception {
        TestDatabase database = withTable(database(version));
        database.execute(Published.WITH_ALL_TABLES.create(PUBLICATION, TABLE));
        Migration migration = migration(database, T, "ALTER id TYPE bigint");
        try (Connection reader = published(database).holdOff()) {
            CompletableFuture<MigrationReport> running = startUpToTheSwap(migration);
            database.execute("UPDATE %s SET note = 'meanwhile'".formatted(T));
            migration.stop();
            assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedMigrationException.class);
            reader.rollback();
        }

        assertThat(new Doctor(TestConnections.database(database)).examine()).isNotEmpty();
        new Abort(TestConnections.database(database)).run(1);

        try (Connection connection = database.connect()) {
            Scenario.assertNothingLeft(connection);
        }
        database.execute("DELETE FROM %s WHERE id = 1".formatted(T));
    }

    @ParameterizedTest
    @MethodSource("waysForSubscribers")
    void aSubscriberGoesOnAndHasTheSameRows(ServerVersion version, Published way) throws Exception {
        TestDatabase publisher = database(version);
        TestDatabase subscriber = database(version);
        WorkloadTable table = WorkloadTable.hostile(KeyKind.INT);
        try (Connection connection = publisher.connect();
                Connection theirs = subscriber.connect()) {
            Truth start = table.create(connection, ROWS);
            Truth unused = table.create(theirs, 0);
            // First, as its table must take what the new one has.
            subscriber.execute("ALTER TABLE %s %s".formatted(table.name().sql(), widenKey(table)));
            publisher.execute(way.create(PUBLICATION, table.name()));
            published(publisher).subscribe(subscriber);
            Truth end;
            try (Workload workload =
                    Workload.start(publisher::connect, start, Scenario.writers(System.nanoTime(), WRITERS))) {
                MigrationReport report = migration(publisher, table.name().sql(), widenKey(table))
                        .run();
                assertThat(report.verified()).isTrue();
                long swapped = workload.stats().transactions();
                await().atMost(Hold.PATIENCE).until(() -> workload.stats().transactions() > swapped + 200);
                end = workload.stop();
                assertThat(workload.errors()).isEmpty();
            }
            published(publisher).awaitSubscriber();

            assertExact(connection, end);
            assertExact(theirs, end);
            assertThat(list(publisher, "SELECT schemaname FROM pg_publication_tables"))
                    .containsExactly(table.name().schema().name());
        }
    }

    /** As the documentation says, measured. */
    @ParameterizedTest
    @OnMajors
    void aSubscriberOfAllTablesStopsAtTheFirstTableThatItDoesNotHave(ServerVersion version) throws Exception {
        TestDatabase publisher = withTable(database(version));
        TestDatabase subscriber = database(version);
        subscriber.execute(
                "CREATE SCHEMA " + TABLE.schema().sql(),
                "CREATE TABLE %s (id bigint PRIMARY KEY, \"n ?\" int, note text)".formatted(T));
        publisher.execute(Published.WITH_ALL_TABLES.create(PUBLICATION, TABLE));
        published(publisher).subscribe(subscriber);

        assertThat(migration(publisher, T, "ALTER id TYPE bigint").run().verified())
                .isTrue();

        await().atMost(Hold.PATIENCE)
                .until(() -> subscriber
                        .server()
                        .log()
                        .contains("logical replication target relation \"walshift.migration\" does not exist"));
    }

    @Test
    void columnListsFiltersAndOptionsStayAsTheyWere() throws Exception {
        TestDatabase database =
                withTable(database(PostgresServer.defaultMajors().getLast()));
        database.execute(
                "ALTER TABLE %s ADD \"j\"\"s\" jsonb, ADD spare int".formatted(T),
                "CREATE PUBLICATION %s FOR TABLE %s (id, \"n ?\") WHERE (id > 5 AND id <> 7)".formatted(PUBLICATION, T),
                """
                CREATE PUBLICATION "in{s}erts" FOR TABLE %s WHERE ("j""s" ? 'It''s {t} \\ $1' OR note LIKE '%%ü''' OR "n ?" > 3)
                  WITH (publish = 'insert', publish_via_partition_root)
                """.formatted(T),
                "CREATE PUBLICATION untouched FOR TABLES IN SCHEMA public");
        List<String> before = published(database).members();
        PublicationReader consumer = PublicationReader.open(database, PUBLICATION);

        MigrationReport report = migration(
                        database, T, "ALTER id TYPE bigint", "RENAME \"n ?\" TO \"m ?\"", "DROP spare")
                .run();

        assertThat(report.verified()).isTrue();
        assertThat(published(database).members())
                .isEqualTo(before.stream()
                        .map(member -> member.replace("n ?", "m ?").replace(", \"\"spare\"\"", ""))
                        .toList());
        database.execute(
                "UPDATE %s SET \"m ?\" = 0 WHERE id IN (5, 6, 7, 8)".formatted(T),
                "DELETE FROM %s WHERE id IN (5, 9)".formatted(T));
        assertThat(consumer.read())
                .containsExactly(new Change('U', TABLE), new Change('U', TABLE), new Change('D', TABLE));
    }

    /** Of the publication as of the table only a member of the role that owns it. */
    @ParameterizedTest
    @OnMajors
    void aRoleThatIsNoSuperuserCarriesThePublicationOfItsGroup(ServerVersion version) throws Exception {
        TestDatabase database = withTable(database(version));
        database.execute(
                "CREATE ROLE walshift_carrier LOGIN REPLICATION",
                "CREATE ROLE \"own\"\"ers\"",
                "GRANT \"own\"\"ers\" TO walshift_carrier",
                "GRANT CREATE, TEMPORARY ON DATABASE %s TO \"own\"\"ers\"".formatted(database.name()),
                "GRANT CREATE, USAGE ON SCHEMA %s TO \"own\"\"ers\""
                        .formatted(TABLE.schema().sql()),
                "ALTER TABLE %s OWNER TO \"own\"\"ers\"".formatted(T),
                Published.BY_NAME.create(PUBLICATION, TABLE),
                "ALTER PUBLICATION %s OWNER TO \"own\"\"ers\"".formatted(PUBLICATION));
        try {
            List<String> before = published(database).members();
            String url = database.server().jdbcUrl("walshift_carrier", database.name());

            MigrationReport report = Scenario.migration(
                            TestConnections.database(url), request(T, "ALTER id TYPE bigint"))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(published(database).members()).isEqualTo(before);
        } finally {
            database.execute(
                    "DROP OWNED BY walshift_carrier, \"own\"\"ers\" CASCADE",
                    "DROP ROLE walshift_carrier, \"own\"\"ers\"");
        }
    }

    @ParameterizedTest
    @OnMajors
    void aPublicationThatIsChangedMeanwhileEndsTheMigrationBeforeTheSwap(ServerVersion version) throws Exception {
        TestDatabase database = withTable(database(version));
        database.execute(Published.BY_NAME.create(PUBLICATION, TABLE));
        Migration migration = migration(database, T, "ALTER id TYPE bigint");
        CompletableFuture<MigrationReport> running;
        try (Connection reader = published(database).holdOff()) {
            running = startUpToTheSwap(migration);
            database.execute("ALTER PUBLICATION %s SET (publish = 'insert')".formatted(PUBLICATION));
            reader.rollback();
        }

        assertThatThrownBy(running::join)
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        FailedException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.SOURCE_CHANGED));
        try (Connection connection = database.connect()) {
            Scenario.assertNothingLeft(connection);
        }
    }
}
