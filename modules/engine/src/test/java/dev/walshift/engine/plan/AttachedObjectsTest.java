package dev.walshift.engine.plan;

import static dev.walshift.engine.plan.Bench.S;
import static dev.walshift.engine.plan.Bench.T;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.journal.JournalJson;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.RelationLock;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlText;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * Triggers, policies and rules are planned when the shadow is made, and made in the swap, under locks on all the
 * tables they stand on.
 */
class AttachedObjectsTest {
    private static final QualifiedName OTHER = new QualifiedName(Bench.SCHEMA, new Identifier("oth\"er"));

    private static final List<String> SETUP = List.of(
            "CREATE TABLE {t} (id int PRIMARY KEY, b int)",
            "CREATE TABLE {o} (x int)",
            "CREATE FUNCTION {s}.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TRIGGER tr BEFORE INSERT ON {t} FOR EACH ROW WHEN (NEW.b > 0) EXECUTE FUNCTION {s}.f()",
            "CREATE POLICY po ON {t} USING (b > 0)",
            "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            "CREATE RULE ru AS ON DELETE TO {t} DO ALSO UPDATE {t} SET b = 1",
            "CREATE CONSTRAINT TRIGGER elsewhere AFTER INSERT ON {o} FROM {t} FOR EACH ROW EXECUTE FUNCTION {s}.f()",
            "CREATE POLICY elsewhere ON {o} USING (EXISTS (SELECT FROM {t} WHERE b > 0))",
            "CREATE RULE elsewhere AS ON INSERT TO {o} DO ALSO DELETE FROM {t} WHERE b > NEW.x");

    private static void prepare(Bench bench) throws SQLException {
        bench.execute(SETUP.stream()
                .map(sql -> sql.replace("{t}", T).replace("{o}", OTHER.sql()).replace("{s}", S))
                .toArray(String[]::new));
    }

    @ParameterizedTest
    @OnMajors
    void areNotOnTheShadowBeforeTheSwap(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            prepare(bench);

            Blueprint blueprint = bench.createShadow(Bench.alter("ALTER id TYPE bigint"));

            assertThat(bench.strings("""
                SELECT relhastriggers OR relhasrules OR relrowsecurity OR relforcerowsecurity
                       OR EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)
                  FROM pg_class c WHERE c.oid = '%s'::regclass
                """.formatted(blueprint.shadow().sql()))).containsExactly("f");
            assertThat(JournalJson.read(JournalJson.write(blueprint), Blueprint.class))
                    .isEqualTo(blueprint);
        }
    }

    @ParameterizedTest
    @OnMajors
    void lockTheOtherTablesTheyStandOn(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            prepare(bench);

            Blueprint blueprint = bench.createShadow(Bench.alter("ALTER id TYPE bigint"));

            assertThat(blueprint.dependents().locks())
                    .containsExactly(new RelationLock(
                            OTHER,
                            true,
                            false,
                            new SqlText("LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE".formatted(OTHER.sql()))));
        }
    }

    /** The plan waits for no lock that stops the application, nor takes one: also on the other tables. */
    @ParameterizedTest
    @OnMajors
    void arePlannedBesideReadersAndWriters(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version);
                Connection writer = bench.connect();
                Statement statement = writer.createStatement()) {
            prepare(bench);
            writer.setAutoCommit(false);
            statement.execute("LOCK TABLE %s, %s IN SHARE ROW EXCLUSIVE MODE".formatted(T, OTHER.sql()));

            assertThat(bench.problems("ALTER id TYPE bigint")).isEmpty();
        }
    }
}
