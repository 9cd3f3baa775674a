package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * Rules on the table, and rules of other tables that write to it or read it, are the same after the swap and
 * mean the new table.
 */
final class RulesTest {
    private static final String T = "\"Sh\"\"op; --\".\"Or\"\"der; Täble\"";

    /** The other table has the name of the first. */
    private static final String O = "elsewhere.\"Or\"\"der; Täble\"";

    private static final List<String> SETUP = List.of(
            "CREATE SCHEMA {s}",
            "CREATE SCHEMA elsewhere",
            "CREATE TABLE {t} (id int PRIMARY KEY, n int, gone boolean NOT NULL DEFAULT false, j jsonb)",
            "INSERT INTO {t} SELECT i, i FROM generate_series(1, 2000) i",
            "CREATE TABLE {o} (x int PRIMARY KEY)",
            "CREATE TABLE {s}.log (id bigint, what text)",
            "CREATE RULE \"soft; delete\" AS ON DELETE TO {t} DO INSTEAD UPDATE {t} SET gone = true WHERE id = OLD.id",
            "CREATE RULE several AS ON INSERT TO {t} WHERE NEW.n > 5 AND NOT COALESCE(NEW.j ? 'quiet', false) DO ALSO"
                    + " (INSERT INTO {s}.log VALUES (NEW.id, ' ON {t} ''?'''); DELETE FROM {s}.log WHERE id < 0)",
            "CREATE RULE tells AS ON INSERT TO {t} DO ALSO NOTIFY shop, 'isn''t it?'",
            "COMMENT ON RULE several ON {t} IS 'isn''t \\ it?'",
            "CREATE RULE nothing AS ON UPDATE TO {t} WHERE NEW.n < 0 DO INSTEAD NOTHING",
            "CREATE RULE off AS ON UPDATE TO {t} DO INSTEAD NOTHING",
            "ALTER TABLE {t} DISABLE RULE off",
            "CREATE RULE always AS ON DELETE TO {t} DO ALSO SELECT 1",
            "ALTER TABLE {t} ENABLE ALWAYS RULE always",
            "CREATE RULE replica AS ON DELETE TO {t} DO ALSO SELECT 1",
            "ALTER TABLE {t} ENABLE REPLICA RULE replica",
            // Of the other table, bound to this one.
            "CREATE RULE forward AS ON INSERT TO {o} DO ALSO INSERT INTO {t} (id, n) VALUES (NEW.x, (SELECT max(n)"
                    + " FROM {t}))",
            "COMMENT ON RULE forward ON {o} IS 'there'",
            "ALTER TABLE {o} ENABLE ALWAYS RULE forward");

    private static String fill(String sql) {
        return sql.replace("{t}", T).replace("{o}", O).replace("{s}", "\"Sh\"\"op; --\"");
    }

    @ParameterizedTest
    @OnMajors
    void areTheSameAfterTheSwapAndMeanTheNewTable(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(SETUP.stream().map(RulesTest::fill).toArray(String[]::new));
            List<String> before = AttachedObjects.tell(connection);
            assertThat(before).filteredOn(line -> line.startsWith("rule")).hasSize(8);

            Migration migration =
                    Scenario.migration(database, Scenario.request(T, "ALTER id TYPE bigint, ALTER n TYPE bigint"));
            assertThat(migration.plan().notices())
                    .contains(fill("the swap also locks table \"elsewhere\".\"Or\"\"der; Täble\", since rule forward on"
                            + " table {o} mentions this one"));
            MigrationReport report = migration.run();

            assertThat(report.verified()).isTrue();
            assertThat(AttachedObjects.tell(connection)).isEqualTo(before);
            assertThat(Scenario.list(connection, fill("SELECT what FROM {s}.log")))
                    .isEmpty();
            database.execute(
                    fill("INSERT INTO {o} VALUES (9000)"),
                    fill("UPDATE {t} SET n = -1"),
                    fill("DELETE FROM {t} WHERE id = 9000"));
            assertThat(Scenario.list(connection, fill("SELECT t::text FROM {t} t WHERE id IN (1, 9000) ORDER BY id")))
                    .containsExactly("(1,1,f,)", "(9000,2000,t,)");
            assertThat(Scenario.list(connection, fill("SELECT id || what FROM {s}.log")))
                    .containsExactly(fill("9000 ON {t} '?'"));
            Scenario.assertNothingLeft(connection);
        }
    }

    /** Rules by a table, a schema and a column of one name; the probe is not misled by it. */
    @ParameterizedTest
    @OnMajors
    void mayUseAColumnThatLooksLikeTheTable(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE SCHEMA status",
                    "CREATE TABLE status.status (id int PRIMARY KEY, status text)",
                    "CREATE TABLE status.log (what text)",
                    "CREATE FUNCTION status.status(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
                    "CREATE RULE \"on\" AS ON DELETE TO status.status DO ALSO INSERT INTO status.log"
                            + " SELECT status.status(status.status) FROM status.status WHERE id = OLD.id",
                    "INSERT INTO status.status VALUES (1, 'x')");
            List<String> before = AttachedObjects.tell(connection);

            Scenario.migration(database, Scenario.request("status.status", "ALTER id TYPE bigint"))
                    .run();

            assertThat(AttachedObjects.tell(connection)).isEqualTo(before);
        }
    }
}
