package dev.walshift.engine.faults;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.provider.Arguments;

/** What tests of tables in publications begin with: a table's name, a publication's, and databases that are dropped in the end. */
abstract class PublishedFixture {
    static final QualifiedName TABLE = QualifiedName.of("Shop \"east\"", "Or\"der; {all} Täble ?");
    static final String T = TABLE.sql();
    static final String PUBLICATION = "\"We\"\"ird Püb ?\"";

    final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<TestDatabase> databases = new ArrayList<>();

    @AfterEach
    void dropDatabases() throws SQLException {
        threads.shutdownNow();
        // A subscriber before its publisher.
        for (TestDatabase database : databases.reversed()) {
            database.close();
        }
    }

    /** Each kind of publication, on servers that have it. */
    static Stream<Arguments> kinds() {
        return Stream.of(Published.values()).flatMap(kind -> servers(kind).map(server -> Arguments.of(server, kind)));
    }

    /** The same with publish_via_partition_root and without. */
    static Stream<Arguments> kindsByRoot() {
        return Stream.of(Published.values())
                .flatMap(kind -> Stream.of(true, false)
                        .flatMap(viaRoot -> servers(kind, viaRoot).map(server -> Arguments.of(server, kind, viaRoot))));
    }

    private static Stream<ServerVersion> servers(Published kind, Object... more) {
        List<ServerVersion> majors = PostgresServer.defaultMajors().stream()
                .filter(server -> server.major() >= kind.since())
                .toList();
        return PostgresServer.sampled(majors, kind, List.of(more)).stream();
    }

    TestDatabase database(ServerVersion version) {
        TestDatabase database = SharedServers.freshDatabase(version);
        databases.add(database);
        return database;
    }

    static PublishedTable published(TestDatabase database) {
        return new PublishedTable(database, T, PUBLICATION);
    }

    static String create(Published kind, QualifiedName table, boolean viaRoot) {
        return kind.create(PUBLICATION, table) + " WITH (publish_via_partition_root = %s)".formatted(viaRoot);
    }

    /** Without walshift's own, which are in a publication of all tables. */
    static List<String> members(TestDatabase database) throws SQLException {
        return published(database).members().stream()
                .filter(member -> !member.contains("walshift"))
                .toList();
    }
}
