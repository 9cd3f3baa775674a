package dev.walshift.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.walshift.engine.faults.PublicationReader.Change;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Partitioned tables in publications of the operator's, and what those see who read these. */
final class PublishedSourceTest extends PublishedFixture {
    private static final QualifiedName LOW = QualifiedName.of("Shop \"east\"", "lo\"w; part");
    private static final QualifiedName HIGH = QualifiedName.of("Shop \"east\"", "high_a");

    static Stream<Arguments> roots() {
        return Stream.of(true, false)
                .flatMap(viaRoot -> PostgresServer.sampledMajors(PublishedSourceTest.class, viaRoot).stream()
                        .map(server -> Arguments.of(server, viaRoot)));
    }

    private TestDatabase withTable(ServerVersion version, String type) throws SQLException {
        TestDatabase database = database(version);
        database.execute(
                "CREATE SCHEMA " + TABLE.schema().sql(),
                "CREATE TABLE %s (note text, id int, \"n ?\" int, v %s, PRIMARY KEY (id, \"n ?\")) PARTITION BY RANGE (\"n ?\")"
                        .formatted(T, type),
                "CREATE TABLE %s PARTITION OF %s FOR VALUES FROM (MINVALUE) TO (50)".formatted(LOW.sql(), T),
                "CREATE TABLE %1$s.high PARTITION OF %2$s FOR VALUES FROM (50) TO (MAXVALUE) PARTITION BY HASH (id)"
                        .formatted(TABLE.schema().sql(), T),
                "CREATE TABLE %s PARTITION OF %s.high FOR VALUES WITH (MODULUS 1, REMAINDER 0)"
                        .formatted(HIGH.sql(), TABLE.schema().sql()));
        return database;
    }

    private static void fill(TestDatabase database) throws SQLException {
        database.execute("INSERT INTO %s SELECT 'as it was', i, i FROM generate_series(1, 100) i".formatted(T));
    }

    private static void publish(TestDatabase database, Published way, boolean viaRoot) throws SQLException {
        database.execute(create(way, TABLE, viaRoot));
    }

    private static MigrationRequest request() {
        return Scenario.agreeing(Consent.PUBLICATIONS, Scenario.request(T, "ALTER v TYPE bigint"));
    }

    @ParameterizedTest
    @MethodSource("kindsByRoot")
    void aConsumerSeesEachChangeOnceUnderTheSameNames(ServerVersion version, Published way, boolean viaRoot)
            throws Exception {
        TestDatabase database = withTable(version, "int");
        fill(database);
        publish(database, way, viaRoot);
        List<String> before = members(database);
        PublicationReader consumer = PublicationReader.open(database, PUBLICATION);

        Migration migration = Scenario.migration(database, request());
        try (Connection holder = published(database).holdOff()) {
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
            await().atMost(Hold.PATIENCE)
                    .until(() -> migration.progress().detail().contains("lock not granted"));
            published(database)
                    .commitInTheLockQueue(
                            holder,
                            List.of(
                                    "INSERT INTO %s VALUES ('new', 101, 1), ('new', 102, 70)".formatted(T),
                                    "UPDATE %s SET \"n ?\" = 60 WHERE id = 1".formatted(T),
                                    "DELETE FROM %s WHERE id = 4".formatted(T)));
            assertThat(running.join().verified()).isTrue();
        }
        database.execute(
                "UPDATE %s SET v = 3000000000 WHERE id = 5".formatted(T),
                "UPDATE %s SET \"n ?\" = 500 WHERE id = 6".formatted(T),
                "DELETE FROM %s WHERE id = 99".formatted(T));

        QualifiedName low = viaRoot ? TABLE : LOW;
        QualifiedName high = viaRoot ? TABLE : HIGH;
        List<Change> changes = consumer.read();
        assertThat(changes.stream().anyMatch(change -> !change.table().schema().equals(TABLE.schema())))
                .as("tables of ours are published")
                .isEqualTo(way == Published.WITH_ALL_TABLES);
        assertThat(changes.stream().filter(change -> change.table().schema().equals(TABLE.schema())))
                .containsExactly(
                        new Change('I', low),
                        new Change('I', high),
                        new Change('D', low),
                        new Change('I', high),
                        new Change('D', low),
                        new Change('U', low),
                        new Change('D', low),
                        new Change('I', high),
                        new Change('D', high));
        assertThat(members(database)).isEqualTo(before).isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("roots")
    void aSubscriberGoesOnBesideAWriterThatMovesRows(ServerVersion version, boolean viaRoot) throws Exception {
        TestDatabase publisher = withTable(version, "int");
        TestDatabase subscriber = withTable(version, "bigint");
        fill(publisher);
        publish(publisher, Published.BY_NAME, viaRoot);
        published(publisher).subscribe(subscriber);
        AtomicInteger writes = new AtomicInteger();
        AtomicBoolean enough = new AtomicBoolean();
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> write(publisher, writes, enough), threads);
        try {
            await().atMost(Hold.PATIENCE).until(() -> writes.get() > 10);
            assertThat(Scenario.migration(publisher, request()).run().verified())
                    .isTrue();
            int swapped = writes.get();
            await().atMost(Hold.PATIENCE).until(() -> writer.isDone() || writes.get() > swapped + 100);
        } finally {
            enough.set(true);
        }
        writer.join();
        published(publisher).awaitSubscriber();

        String rows = "SELECT tableoid::regclass || t::text FROM %s t ORDER BY id".formatted(T);
        List<String> theirs = published(subscriber).list(rows);
        assertThat(theirs).isEqualTo(published(publisher).list(rows)).hasSizeGreaterThan(200);
    }

    private static void write(TestDatabase database, AtomicInteger writes, AtomicBoolean enough) {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            while (!enough.get()) {
                int next = writes.incrementAndGet();
                statement.execute("INSERT INTO %s VALUES ('written', %d, %d)".formatted(T, 1000 + next, next % 100));
                statement.execute(
                        "UPDATE %s SET \"n ?\" = 99 - \"n ?\", v = %2$d WHERE id IN (1000 + %2$d, %2$d %% 100)"
                                .formatted(T, next));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
