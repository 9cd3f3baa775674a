package dev.walshift.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.walshift.engine.faults.PublicationReader.Change;
import dev.walshift.engine.migration.InterruptedMigrationException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.oracle.Expectation;
import dev.walshift.testkit.oracle.Oracle;
import dev.walshift.testkit.workload.Column;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Plain tables in publications of the operator's that become partitioned ones, and what those see who read these. */
final class PublishedTargetTest extends PublishedFixture {
    private static final Identifier LOW = new Identifier("lo\"w; part");
    private static final Identifier HIGH = new Identifier("high");
    private static final int ROWS = 5_000;
    private static final int WRITERS = 3;

    private static final String PARTED = """
        CREATE TABLE %1$s (note text, id bigint, "n ?" int, PRIMARY KEY (id, "n ?")) PARTITION BY RANGE ("n ?");
        CREATE TABLE %2$s PARTITION OF %1$s FOR VALUES FROM (MINVALUE) TO (50);
        CREATE TABLE %3$s PARTITION OF %1$s FOR VALUES FROM (50) TO (MAXVALUE) PARTITION BY HASH (id);
        CREATE TABLE high_a PARTITION OF %3$s FOR VALUES WITH (MODULUS 1, REMAINDER 0)
        """.formatted(TABLE.name().sql(), LOW.sql(), HIGH.sql());

    private static TestDatabase withTable(TestDatabase database) throws SQLException {
        database.execute(
                "CREATE SCHEMA " + TABLE.schema().sql(),
                "CREATE TABLE %s (id int PRIMARY KEY, \"n ?\" int NOT NULL, note text)".formatted(T),
                "INSERT INTO %s SELECT i, i, 'as it was' FROM generate_series(1, 100) i".formatted(T));
        return database;
    }

    private static MigrationRequest request(String table, String file) {
        AlterRequest alter = new AlterRequest(Optional.of(table), List.of(), Map.of(), List.of())
                .by(file)
                .agreeingTo(Set.of(Consent.PUBLICATIONS));
        return new MigrationRequest(alter, 2, false, VerifyMode.FULL);
    }

    @ParameterizedTest
    @MethodSource("kindsByRoot")
    void aConsumerSeesEachChangeOnceUnderTheNameThatThePublicationSays(
            ServerVersion version, Published way, boolean viaRoot) throws Exception {
        TestDatabase database = withTable(database(version));
        database.execute(create(way, TABLE, viaRoot));
        PublicationReader consumer = PublicationReader.open(database, PUBLICATION);

        Migration migration = Scenario.migration(database, request(T, PARTED));
        try (Connection holder = published(database).holdOff()) {
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
            await().atMost(Hold.PATIENCE)
                    .until(() -> migration.progress().detail().contains("lock not granted"));
            published(database)
                    .commitInTheLockQueue(
                            holder,
                            List.of(
                                    "INSERT INTO %s VALUES (101, 1, 'new'), (102, 2, 'new')".formatted(T),
                                    "UPDATE %s SET note = 'changed' WHERE id <= 2".formatted(T),
                                    "DELETE FROM %s WHERE id = 4".formatted(T)));
            assertThat(running.join().verified()).isTrue();
        }
        database.execute(
                "UPDATE %s SET note = 'later' WHERE id = 5".formatted(T),
                "UPDATE %s SET \"n ?\" = 500 WHERE id = 6".formatted(T),
                "DELETE FROM %s WHERE id = 7".formatted(T),
                "INSERT INTO %s (id, \"n ?\") VALUES (3000000000, 70)".formatted(T));

        QualifiedName low = viaRoot ? TABLE : new QualifiedName(TABLE.schema(), LOW);
        QualifiedName high = viaRoot ? TABLE : QualifiedName.of(TABLE.schema().name(), "high_a");
        List<Change> changes = consumer.read();
        assertThat(changes.stream().anyMatch(change -> !change.table().schema().equals(TABLE.schema())))
                .as("tables of ours are published")
                .isEqualTo(way == Published.WITH_ALL_TABLES);
        assertThat(changes.stream().filter(change -> change.table().schema().equals(TABLE.schema())))
                .containsExactly(
                        new Change('I', TABLE),
                        new Change('I', TABLE),
                        new Change('U', TABLE),
                        new Change('U', TABLE),
                        new Change('D', TABLE),
                        new Change('U', low),
                        new Change('D', low),
                        new Change('I', high),
                        new Change('D', low),
                        new Change('I', high));
        TestDatabase direct = database(version);
        direct.execute(
                "CREATE SCHEMA " + TABLE.schema().sql(),
                "SET search_path = %s; %s".formatted(TABLE.schema().sql(), PARTED));
        direct.execute(create(way, TABLE, viaRoot));
        assertThat(members(database)).isEqualTo(members(direct)).isNotEmpty();
    }

    /** Three tables hold rows, and its updates move them. */
    private static String file(WorkloadTable table) {
        return """
            CREATE TABLE %1$s (%2$s bigint NOT NULL, %3$s text NOT NULL, %4$s text, %5$s numeric(12,2), %6$s timestamptz NOT NULL,
                               %7$s int, PRIMARY KEY (%2$s, %6$s)) PARTITION BY RANGE (%6$s);
            CREATE TABLE first PARTITION OF %1$s FOR VALUES FROM (MINVALUE) TO ('2024-01-01 01:00Z');
            CREATE TABLE second PARTITION OF %1$s FOR VALUES FROM ('2024-01-01 01:00Z') TO ('2024-01-01 03:00Z');
            CREATE TABLE rest PARTITION OF %1$s DEFAULT
            """.formatted(
                        table.name().name().sql(),
                        table.keyColumns().getFirst().sql(),
                        table.column(Column.CODE).sql(),
                        table.column(Column.PAYLOAD).sql(),
                        table.column(Column.AMOUNT).sql(),
                        table.column(Column.TOUCHED).sql(),
                        table.column(Column.COUNTER).sql());
    }

    private static void assertExact(Connection connection, Truth truth) throws SQLException {
        Comparison comparison = Oracle.compare(connection, truth, Expectation.unchanged(truth.table()));
        assertThat(comparison.isExact()).as(comparison.toString()).isTrue();
    }

    @ParameterizedTest
    @OnMajors
    void allTablesArePublishedAndNoStatementFails(ServerVersion version) throws Exception {
        TestDatabase database = database(version);
        WorkloadTable table = WorkloadTable.hostile(KeyKind.INT);
        try (Connection connection = database.connect()) {
            Truth start = table.create(connection, ROWS);
            database.execute(create(Published.WITH_ALL_TABLES, table.name(), true));
            Truth end;
            try (Workload workload =
                    Workload.start(database::connect, start, Scenario.writers(System.nanoTime(), WRITERS))) {
                MigrationReport report = Scenario.migration(
                                database, request(table.name().sql(), file(table)))
                        .run();
                assertThat(report.verified()).isTrue();
                assertThat(report.keysApplied()).isPositive();
                end = workload.stop();
                assertThat(workload.errors()).isEmpty();
            }
            assertExact(connection, end);
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void aSubscriberGoesOnUnderTheTablesNameAndHasTheSameRows(ServerVersion version) throws Exception {
        TestDatabase publisher = database(version);
        TestDatabase subscriber = database(version);
        WorkloadTable table = WorkloadTable.hostile(KeyKind.INT);
        try (Connection connection = publisher.connect();
                Connection theirs = subscriber.connect()) {
            Truth start = table.create(connection, ROWS);
            Truth unused = table.create(theirs, 0);
            subscriber.execute("ALTER TABLE %s ALTER %s TYPE bigint"
                    .formatted(table.name().sql(), table.keyColumns().getFirst().sql()));
            publisher.execute(create(Published.BY_NAME, table.name(), true));
            PublishedTable published =
                    new PublishedTable(publisher, table.name().sql(), PUBLICATION);
            published.subscribe(subscriber);
            Truth end;
            try (Workload workload =
                    Workload.start(publisher::connect, start, Scenario.writers(System.nanoTime(), WRITERS))) {
                MigrationReport report = Scenario.migration(
                                publisher, request(table.name().sql(), file(table)))
                        .run();
                assertThat(report.verified()).isTrue();
                long swapped = workload.stats().transactions();
                await().atMost(Hold.PATIENCE).until(() -> workload.stats().transactions() > swapped + 200);
                end = workload.stop();
                assertThat(workload.errors()).isEmpty();
            }
            published.awaitSubscriber();

            assertExact(connection, end);
            assertExact(theirs, end);
        }
    }

    /** As the plan and the documentation say, measured. */
    @ParameterizedTest
    @OnMajors
    void aSubscriberStopsAtAPartitionThatItDoesNotHaveOrPassesOverOneThatItHas(ServerVersion version) throws Exception {
        TestDatabase publisher = withTable(database(version));
        TestDatabase subscriber = database(version);
        subscriber.execute(
                "CREATE SCHEMA " + TABLE.schema().sql(),
                "CREATE TABLE %s (id bigint PRIMARY KEY, \"n ?\" int, note text)".formatted(T));
        publisher.execute(create(Published.BY_NAME, TABLE, false));
        published(publisher).subscribe(subscriber);
        assertThat(Scenario.migration(publisher, request(T, PARTED)).run().verified())
                .isTrue();

        publisher.execute("UPDATE %s SET note = 'later' WHERE id = 5".formatted(T));

        await().atMost(Hold.PATIENCE)
                .until(() -> subscriber
                        .server()
                        .log()
                        .contains("logical replication target relation \"%s.%s\" does not exist"
                                .formatted(TABLE.schema().name(), LOW.name())));
        subscriber.execute("CREATE TABLE %s.%s (id bigint, \"n ?\" int, note text, PRIMARY KEY (id, \"n ?\"))"
                .formatted(TABLE.schema().sql(), LOW.sql()));
        publisher.execute("INSERT INTO %s (id, \"n ?\") VALUES (-1, 1)".formatted(T));
        published(publisher).awaitSubscriber();
        try (Connection theirs = subscriber.connect()) {
            assertThat(Scenario.list(
                            theirs,
                            "SELECT count(*) FROM %s.%s"
                                    .formatted(TABLE.schema().sql(), LOW.sql())))
                    .containsExactly("0");
            assertThat(Scenario.list(theirs, "SELECT note FROM %s WHERE id = 5".formatted(T)))
                    .containsExactly("as it was");
        }
    }

    @ParameterizedTest
    @OnMajors
    void columnListsFiltersAndOptionsAreThoseOfTheSameTableMadeByHand(ServerVersion version) throws Exception {
        TestDatabase database = withTable(database(version));
        TestDatabase direct = database(version);
        direct.execute(
                "CREATE SCHEMA " + TABLE.schema().sql(),
                "SET search_path = %s; %s".formatted(TABLE.schema().sql(), PARTED));
        String list = version.major() < 15 ? "" : " (\"n ?\", id) WHERE (id > 5 AND id <> 7)";
        String filter = version.major() < 15 ? "" : " WHERE (note LIKE '%ü''')";
        for (TestDatabase each : List.of(database, direct)) {
            each.execute(
                    "CREATE PUBLICATION %s FOR TABLE %s%s WITH (publish_via_partition_root)"
                            .formatted(PUBLICATION, T, list),
                    "CREATE PUBLICATION \"in{s}erts\" FOR TABLE %s%s WITH (publish = 'insert', publish_via_partition_root)"
                            .formatted(T, filter),
                    "CREATE PUBLICATION leaves FOR TABLE %s".formatted(T));
        }

        assertThat(Scenario.migration(database, request(T, PARTED)).run().verified())
                .isTrue();

        assertThat(published(database).members())
                .isEqualTo(published(direct).members())
                .hasSize(4);
    }

    @ParameterizedTest
    @OnMajors
    void anInterruptedMigrationGoesOnAndPublishesTheNewTable(ServerVersion version) throws Exception {
        TestDatabase database = withTable(database(version));
        database.execute(create(Published.BY_NAME, TABLE, true));
        List<String> before = published(database)
                .list("SELECT prpubid FROM pg_publication_rel WHERE prrelid = '%s'::regclass".formatted(T));
        Migration first = Scenario.migration(database, request(T, PARTED));
        try (Connection reader = published(database).holdOff()) {
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(first::run, threads);
            await().atMost(Hold.PATIENCE).until(() -> first.progress().detail().contains("lock not granted"));
            first.stop();
            assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedMigrationException.class);
            reader.rollback();
        }

        assertThat(Scenario.migration(database, request(T, PARTED)).run().verified())
                .isTrue();

        assertThat(published(database)
                        .list("SELECT prpubid FROM pg_publication_rel WHERE prrelid = '%s'::regclass".formatted(T)))
                .isEqualTo(before)
                .isNotEmpty();
        assertThat(published(database).list("SELECT count(*) FROM pg_publication_rel"))
                .containsExactly("1");
    }
}
