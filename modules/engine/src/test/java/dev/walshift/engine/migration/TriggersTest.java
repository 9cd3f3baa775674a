package dev.walshift.engine.migration;

import static dev.walshift.engine.migration.HostileTriggers.fill;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;

/** Triggers of all kinds are the same after the swap, and fire for the application alone. */
final class TriggersTest {
    private static void prepare(TestDatabase database) throws SQLException {
        database.execute(fill(HostileTriggers.BEFORE));
        database.execute(
                fill("CREATE TABLE {t} (id int PRIMARY KEY, \"a\"\"on \" text, n int, v int DEFAULT 1)"),
                fill("INSERT INTO {t} SELECT i, 'a' || i, i FROM generate_series(1, 3000) i"));
        database.execute(fill(HostileTriggers.TRIGGERS));
    }

    @ParameterizedTest
    @OnMajors
    void areTheSameAfterTheSwapAndDidNotFireForIt(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            prepare(database);
            List<String> before = AttachedObjects.tell(connection);
            assertThat(before).filteredOn(line -> line.startsWith("trigger")).hasSize(10);

            MigrationReport report = Scenario.migration(
                            database,
                            Scenario.request(HostileTriggers.TABLE, "ALTER id TYPE bigint, ALTER n TYPE bigint"))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(AttachedObjects.tell(connection)).isEqualTo(before);
            String log = fill("SELECT who || ' ' || what FROM {s}.log ORDER BY 1");
            assertThat(Scenario.list(connection, log)).isEmpty();
            database.execute(fill("INSERT INTO {t} VALUES (0, 'x', 7)"));
            database.execute(fill("UPDATE {t} SET v = 2 WHERE id = 0"));
            database.execute(fill("UPDATE {t} SET v = 2 WHERE id = 0"));
            database.execute(fill("DELETE FROM {t} WHERE id = 0"));
            assertThat(Scenario.list(connection, log))
                    .containsExactlyInAnyOrder(
                            "always INSERT",
                            "before_row DELETE",
                            "before_row INSERT",
                            "before_row UPDATE",
                            "before_row UPDATE",
                            "changed UPDATE",
                            "late DELETE",
                            "late INSERT",
                            fill("on Täble,x,on {t},\\'? INSERT"),
                            "rows_of_statement 1");
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void fireOnceForEachWriteOfTheApplicationAllAlong(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            prepare(database);
            database.execute(fill("ALTER TABLE {t} DISABLE TRIGGER rows_of_statement"));
            int writes;
            try (Application application = Application.start(database, 10_000, TriggersTest::insert)) {
                MigrationReport report = Scenario.migration(
                                database, Scenario.request(HostileTriggers.TABLE, "ALTER n TYPE bigint"))
                        .run();
                writes = application.end();
                assertThat(report.keysApplied()).isPositive();
            }

            for (String trigger : List.of("before_row", "late", "always")) {
                assertThat(Scenario.list(
                                connection, fill("SELECT count(*) FROM {s}.log WHERE who = '%s'".formatted(trigger))))
                        .containsExactly(Integer.toString(writes));
            }
        }
    }

    private static void insert(Statement statement, int id) throws SQLException {
        statement.execute(fill("INSERT INTO {t} VALUES (%d, 'x', 1)".formatted(id)));
    }
}
