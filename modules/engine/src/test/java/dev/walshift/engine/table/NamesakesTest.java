package dev.walshift.engine.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;

class NamesakesTest {
    private static final QualifiedName TABLE = QualifiedName.of("Sché\"ma; --", "Or\"der; Täble");
    private static final SqlTemplate OID = SqlTemplate.of("SELECT ?::regclass::oid::bigint");

    private static final List<String> USERS = List.of(
            "check",
            "default",
            "generated",
            "index",
            "predicate",
            "statistics",
            "trigger",
            "policy",
            "rule",
            "far_policy",
            "far_rule",
            "view",
            "outer_view",
            "atomic");

    /** Each of the functions is used once; being polymorphic, each gives way to a new one for its argument's type. */
    private static final List<String> CREATE = List.of(
            "CREATE TABLE {s}.other (x text)",
            "CREATE TYPE {s}.colour AS ENUM ('red')",
            "CREATE FUNCTION {s}.same(text, {s}.colour) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'",
            "CREATE OPERATOR {s}.=== (LEFTARG = text, RIGHTARG = {s}.colour, FUNCTION = {s}.same)",
            "CREATE FUNCTION {s}.\"fi re\"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TABLE {t} (id int, b text DEFAULT {s}.f_default('x'::text), c {s}.colour,"
                    + " g text GENERATED ALWAYS AS ({s}.f_generated(b)) STORED, CHECK ({s}.f_check(b) <> ''))",
            "CREATE INDEX ON {t} ({s}.f_index(b)) WHERE {s}.f_predicate(b) <> ''",
            "CREATE STATISTICS {s}.st ON id, {s}.f_statistics(b) FROM {t}",
            "CREATE TRIGGER tr BEFORE INSERT ON {t} FOR EACH ROW WHEN ({s}.f_trigger(NEW.b) <> '') EXECUTE FUNCTION"
                    + " {s}.\"fi re\"()",
            "CREATE POLICY po ON {t} USING ({s}.f_policy(b) <> '' AND b OPERATOR({s}.===) c)",
            "CREATE RULE ru AS ON DELETE TO {t} DO ALSO SELECT {s}.f_rule(OLD.b)",
            "CREATE POLICY po ON {s}.other USING ({s}.f_far_policy(x) IN (SELECT b FROM {t}))",
            "CREATE RULE ru AS ON DELETE TO {s}.other DO ALSO SELECT {s}.f_far_rule(b) FROM {t}",
            "CREATE VIEW {s}.v AS SELECT {s}.f_view(b) AS b FROM {t}",
            "CREATE VIEW {s}.w AS SELECT {s}.f_outer_view(b) AS b FROM {s}.v",
            "CREATE FUNCTION {s}.a() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT {s}.f_atomic(b) FROM {t}; END",
            "CREATE FUNCTION {s}.of_row({t}) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE VIEW {s}.u AS SELECT {s}.of_row(o.*) AS n FROM {t} AS o");

    private static final List<String> CHANGES = List.of(
            "CREATE FUNCTION {s}.f_view(text, int DEFAULT 1) RETURNS text LANGUAGE sql AS 'SELECT ''stolen'''",
            "ALTER FUNCTION {s}.f_view(anyelement) RENAME TO old_f",
            "ALTER FUNCTION {s}.f_view(anyelement) SET SCHEMA public",
            "ALTER FUNCTION {s}.\"fi re\"() RENAME TO old_f; CREATE FUNCTION {s}.\"fi re\"() RETURNS trigger LANGUAGE"
                    + " plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE OPERATOR {s}.=== (LEFTARG = text, RIGHTARG = anyenum, FUNCTION = {s}.eq)",
            "CREATE CAST (text AS {s}.colour) WITH INOUT AS IMPLICIT",
            "CREATE CAST (int AS text) WITH INOUT AS IMPLICIT",
            "CREATE FUNCTION {s}.of_row(anyelement) RETURNS int LANGUAGE sql AS 'SELECT 2'",
            "CREATE FUNCTION pg_catalog.lower(colour int) RETURNS text LANGUAGE sql AS 'SELECT ''stolen'''");

    private static final List<String> NO_CHANGES = List.of(
            "CREATE FUNCTION public.f_view(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
            "CREATE FUNCTION {s}.another(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
            "CREATE FUNCTION pg_catalog.walshift_test_only(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
            "CREATE FUNCTION {s}.\"fi re\"(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE OR REPLACE FUNCTION {s}.f_view(anyelement) RETURNS text LANGUAGE sql STRICT AS 'SELECT ''b'''",
            "GRANT EXECUTE ON FUNCTION {s}.f_view(anyelement) TO pg_monitor",
            // As the swap does with what has rows of the table among its arguments.
            "DROP VIEW {s}.u; DROP FUNCTION {s}.of_row({t}); CREATE FUNCTION {s}.of_row({t}) RETURNS int LANGUAGE sql"
                    + " AS 'SELECT 1'",
            "CREATE TYPE {s}.bystander AS ENUM ('red'); CREATE CAST ({s}.bystander AS text) WITH INOUT AS IMPLICIT",
            "CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = anyenum, FUNCTION = {s}.eq)");

    private static String fill(String sql) {
        return sql.replace("{t}", TABLE.sql()).replace("{s}", TABLE.schema().sql());
    }

    private static void create(TestDatabase test) throws SQLException {
        test.execute(
                fill("CREATE SCHEMA {s}"),
                fill("CREATE FUNCTION {s}.eq(text, anyenum) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false'"));
        for (String user : USERS) {
            test.execute(fill("CREATE FUNCTION {s}.f_%s(anyelement) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'"
                    .formatted(user)));
        }
        test.execute(CREATE.stream().map(NamesakesTest::fill).toArray(String[]::new));
    }

    private static Namesakes look(Session session) throws SQLException {
        return Namesakes.of(session, session.queryOne(OID, row -> row.getLong(1), TABLE.sql()));
    }

    @ParameterizedTest
    @OnMajors
    void whatCouldBeTakenForAnotherIsTold(ServerVersion version) throws SQLException {
        List<String> changes = new ArrayList<>(CHANGES);
        USERS.forEach(user ->
                changes.add("CREATE FUNCTION {s}.f_%s(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''stolen'''"
                        .formatted(user)));
        try (PostgresServer server = PostgresServer.start(version, Map.of("allow_system_table_mods", "on"));
                TestDatabase test = TestDatabase.create(server);
                Session session = new Database(test::connect, test::connect).open("test")) {
            create(test);
            Namesakes before = look(session);
            List<String> unseen = new ArrayList<>();
            for (String change : changes) {
                if (!session.inTransaction(Isolation.READ_COMMITTED, tx -> tx.tryOut(it -> sees(it, before, change)))) {
                    unseen.add(change);
                }
            }
            assertThat(unseen).isEmpty();
        }
    }

    private static boolean sees(Session session, Namesakes before, String change) throws SQLException {
        session.execute(new SqlText(fill(change)));
        try {
            before.requireUnchanged(session, TABLE);
            return false;
        } catch (MigrationException e) {
            return e.code() == ProblemCode.SOURCE_CHANGED;
        }
    }

    @ParameterizedTest
    @OnMajors
    void whatCouldNotIsPassedOver(ServerVersion version) throws SQLException {
        try (PostgresServer server = PostgresServer.start(version, Map.of("allow_system_table_mods", "on"));
                TestDatabase test = TestDatabase.create(server);
                Session session = new Database(test::connect, test::connect).open("test")) {
            create(test);
            Namesakes before = look(session);
            for (String change : NO_CHANGES) {
                test.execute(fill(change));
                before.requireUnchanged(session, TABLE);
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void theMessageNamesWhatCameAndWhatWent(ServerVersion version) throws SQLException {
        try (TestDatabase test = SharedServers.freshDatabase(version);
                Session session = new Database(test::connect, test::connect).open("test")) {
            create(test);
            Namesakes before = look(session);
            test.execute(
                    fill("CREATE FUNCTION {s}.f_view(text) RETURNS text LANGUAGE sql AS 'SELECT $1'"),
                    fill("ALTER FUNCTION {s}.\"fi re\"() RENAME TO old_f"));

            assertThatThrownBy(() -> before.requireUnchanged(session, TABLE))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining(fill("{t}"))
                    .hasMessageEndingWith(fill(": function {s}.f_view(text), function {s}.\"fi re\"()"));
        }
    }
}
