package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import dev.walshift.testkit.oracle.SchemaDump;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;

/** What uses columns that are renamed beside a rewrite is after the swap what the blocking RENAME makes of it. */
final class RenamedColumnsTest {
    private static final String S = "\"Sh\"\"op; --\"";
    private static final String T = S + ".\"Or\"\"der; ? {Täble}\"";
    private static final String O = "\"Else whére\".\"o ther\"";

    /** One column has a name that others might get for a moment, while they are renamed. */
    private static final String TABLE = """
        CREATE TABLE {t} ("Key" int CONSTRAINT "p k" PRIMARY KEY, a int, b int, "c ? ""d" text, tags jsonb, gone int, walshift_column_0 int,
                          CONSTRAINT "a is ""one" UNIQUE (a))
        """;

    /** Two change places, and a new one takes the name of another. */
    private static final List<String> RENAMES = List.of(
            "RENAME a TO between",
            "RENAME b TO a",
            "RENAME between TO b",
            "RENAME \"c ? \"\"d\" TO \"c c\"",
            "RENAME \"Key\" TO \"It's; {t} \\ ?\"",
            "ADD \"Key\" text DEFAULT 'new'");

    /** The server does not let any view or rule see the change of a column's type. */
    private static final String REWRITE = "ADD rewritten uuid DEFAULT gen_random_uuid()";

    private static final List<String> ATTACHED = List.of(
            "CREATE FUNCTION {s}.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            """
            CREATE TRIGGER "t r" BEFORE UPDATE OF a, "c ? ""d" ON {t} FOR EACH ROW
            WHEN (OLD.a IS DISTINCT FROM NEW.b AND NEW.tags ? 'x?' OR OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION {s}.nothing('a', '?')
            """,
            "ALTER TABLE {t} DISABLE TRIGGER \"t r\"",
            "COMMENT ON TRIGGER \"t r\" ON {t} IS 'a'",
            "CREATE TRIGGER of_b AFTER UPDATE OF b ON {t} EXECUTE FUNCTION {s}.nothing()",
            "CREATE CONSTRAINT TRIGGER bound AFTER UPDATE OF a ON {t} FROM {o} DEFERRABLE INITIALLY DEFERRED FOR EACH"
                    + " ROW WHEN (NEW.\"Key\" > OLD.b) EXECUTE FUNCTION {s}.nothing()",
            "CREATE POLICY \"p o\" ON {t} AS RESTRICTIVE FOR UPDATE USING (a > (SELECT max(x.b) FROM {t} x WHERE x.a ="
                    + " {tn}.b)) WITH CHECK (b < (SELECT count(*) FROM {o} o WHERE o.a = \"Key\"))",
            "CREATE POLICY there ON {o} USING (EXISTS (SELECT FROM {t} x WHERE x.a = \"o ther\".a AND x.b = \"o"
                    + " ther\".b))",
            "CREATE RULE here AS ON UPDATE TO {t} WHERE NEW.a <> OLD.b DO ALSO (INSERT INTO {o} (a, b) VALUES (NEW.a,"
                    + " OLD.b); UPDATE {t} SET b = 1, \"c ? \"\"d\" = '?' WHERE a = NEW.\"Key\" AND tags ? 'a')",
            "CREATE RULE there AS ON INSERT TO {o} DO ALSO INSERT INTO {t} (\"Key\") VALUES (NEW.a)"
                    + " ON CONFLICT (\"Key\") DO UPDATE SET a = 1, b = 2",
            "CREATE RULE once AS ON DELETE TO {o} DO ALSO INSERT INTO {t} AS x (\"Key\", a) VALUES (OLD.a, OLD.b)"
                    + " ON CONFLICT ON CONSTRAINT \"a is \"\"one\" DO UPDATE SET b = EXCLUDED.a WHERE x.b < 2",
            "CREATE RULE loose AS ON UPDATE TO {o} DO ALSO INSERT INTO {t} (\"Key\") VALUES (OLD.a) ON CONFLICT DO"
                    + " NOTHING",
            "CREATE POLICY constant ON {t} USING (a > 0 AND tableoid = '{t}'::regclass)");

    private static final List<String> QUERIES = List.of(
            "CREATE VIEW {s}.plain AS SELECT a, b, \"c ? \"\"d\" FROM {t} WHERE a > 0 AND tags ? 'x?'",
            "CREATE VIEW {s}.using_a AS SELECT a, x.b, o.b AS ob FROM {t} x JOIN {o} o USING (a)",
            "CREATE VIEW {s}.using_both AS SELECT a, b FROM {t} x FULL JOIN {o} o USING (b, a)",
            "CREATE VIEW {s}.\"natural\" AS SELECT a, b, \"Key\" FROM {o} NATURAL LEFT JOIN {t}",
            "CREATE VIEW {s}.grouped AS SELECT \"Key\", a FROM {t} GROUP BY \"Key\" ORDER BY a",
            "CREATE VIEW {s}.\"lateral\" AS SELECT l.* FROM {t} x, LATERAL (SELECT x.a AS q, y.b FROM {t} y WHERE y.a"
                    + " = x.b) l",
            "CREATE VIEW {s}.several (p, q) AS SELECT 1, 2 UNION ALL SELECT a, b FROM {t} WINDOW w AS (PARTITION BY a)",
            "CREATE RECURSIVE VIEW {s}.\"tree\" (a, d) AS SELECT a, 1 FROM {t} UNION ALL SELECT x.a, d + 1 FROM {t} x"
                    + " JOIN \"tree\" r ON r.a = x.b",
            "CREATE VIEW {s}.checked WITH (security_barrier) AS SELECT a, b FROM {t} WHERE b < 5 WITH LOCAL CHECK"
                    + " OPTION",
            "ALTER VIEW {s}.checked ALTER a SET DEFAULT 7",
            "COMMENT ON COLUMN {s}.checked.a IS 'a'",
            "CREATE RULE into_t AS ON INSERT TO {s}.plain DO INSTEAD INSERT INTO {t} (\"Key\", b) VALUES (NEW.a, NEW.b)"
                    + " ON CONFLICT (\"Key\") DO UPDATE SET a = EXCLUDED.b",
            "CREATE VIEW {s}.on_plain AS SELECT p.a, x.a AS xa FROM {s}.plain p JOIN {t} x ON x.b = p.a",
            "CREATE VIEW {s}.narrow AS SELECT \"Key\", a, b AS \"a?\" FROM {t}",
            "CREATE TRIGGER instead INSTEAD OF INSERT ON {s}.narrow FOR EACH ROW EXECUTE FUNCTION {s}.nothing()",
            "CREATE MATERIALIZED VIEW {s}.kept AS SELECT a, sum(b) AS b FROM {t} GROUP BY a",
            "CREATE UNIQUE INDEX \"kept a\" ON {s}.kept (a) WHERE b > 0",
            "COMMENT ON INDEX {s}.\"kept a\" IS 'a'",
            "CREATE VIEW {s}.on_kept AS SELECT k.a, x.a AS b FROM {s}.kept k, {t} x",
            "CREATE FUNCTION {s}.f(k int, a text DEFAULT '?') RETURNS SETOF int LANGUAGE sql BEGIN ATOMIC INSERT INTO"
                    + " {t} (\"Key\", b) VALUES (k, 1) ON CONFLICT (\"Key\") DO UPDATE SET a = 3; SELECT x.a FROM {t} x"
                    + " WHERE f.a = x.\"c ? \"\"d\"; END",
            "CREATE FUNCTION {s}.of_row(r {t}) RETURNS int LANGUAGE sql RETURN (r).a + r.b",
            "CREATE FUNCTION {s}.in_string(r {t}) RETURNS int LANGUAGE sql AS 'SELECT r.tags'",
            "CREATE VIEW {s}.constant AS SELECT b FROM {t} WHERE tableoid = '{t}'::regclass",
            "CREATE FUNCTION {s}.text_only() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT sum(a) FROM"
                    + " {t}); END'");

    private static String fill(String sql) {
        return sql.replace("{tn}", "\"Or\"\"der; ? {Täble}\"")
                .replace("{t}", T)
                .replace("{s}", S)
                .replace("{o}", O);
    }

    private static void prepare(TestDatabase database, List<String> dependents) throws SQLException {
        List<String> statements = new ArrayList<>(List.of(
                "SET check_function_bodies = off",
                "CREATE SCHEMA {s}",
                "CREATE SCHEMA \"Else whére\"",
                TABLE,
                "INSERT INTO {t} SELECT i, i, i % 5, 'c' || i, '{\"x?\": 1}', 0 FROM generate_series(1, 100) i",
                "CREATE TABLE {o} (a int, b int)"));
        statements.addAll(dependents);
        database.execute(statements.stream().map(RenamedColumnsTest::fill).toArray(String[]::new));
    }

    private static void compare(ServerVersion version, List<String> renames, List<String> dependents) throws Exception {
        try (TestDatabase migrated = SharedServers.freshDatabase(version);
                TestDatabase altered = SharedServers.freshDatabase(version)) {
            prepare(migrated, dependents);
            prepare(altered, dependents);
            List<String> clauses = new ArrayList<>(renames);
            clauses.add(REWRITE);
            for (String clause : clauses) {
                altered.execute("ALTER TABLE " + T + " " + clause);
            }

            MigrationReport report = Scenario.migration(
                            migrated,
                            Scenario.agreeing(Consent.MATERIALIZED_VIEWS, Scenario.request(T, clauses, List.of())))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(SchemaDump.of(migrated)
                            .differences(SchemaDump.of(altered), (object, property) -> isNew(property)))
                    .isEmpty();
            try (Connection connection = migrated.connect()) {
                Scenario.assertNothingLeft(connection);
            }
        }
    }

    /** EXCLUDED in ON CONFLICT DO UPDATE depends on all columns that there are when the command is made. */
    private static boolean isNew(String property) {
        return property.matches("depends on table column .*\\.(\"Key\"|rewritten)");
    }

    @ParameterizedTest
    @OnMajors
    void triggersPoliciesAndRulesHaveTheNewNames(ServerVersion version) throws Exception {
        compare(version, RENAMES, ATTACHED);
    }

    @ParameterizedTest
    @OnMajors
    void viewsAndRoutinesHaveTheNewNames(ServerVersion version) throws Exception {
        List<String> dependents = new ArrayList<>(List.of(ATTACHED.getFirst()));
        dependents.addAll(QUERIES);
        if (version.major() >= 15) {
            dependents.add(
                    "CREATE FUNCTION {s}.merged() RETURNS void LANGUAGE sql BEGIN ATOMIC MERGE INTO {t} x USING {o} o"
                            + " ON x.\"Key\" = o.a WHEN MATCHED THEN UPDATE SET b = 1 WHEN NOT MATCHED THEN INSERT"
                            + " (\"Key\", a) VALUES (o.a, 2); END");
        }
        compare(version, RENAMES, dependents);
    }

    /** A view that joins by USING, or a command with ON CONFLICT DO UPDATE, does not let the server drop any column. */
    @ParameterizedTest
    @OnMajors
    void takeTheNamesOfColumnsThatAreDropped(ServerVersion version) throws Exception {
        List<String> dependents = new ArrayList<>(ATTACHED.subList(0, 9));
        dependents.addAll(QUERIES.subList(5, 11));
        compare(version, List.of("DROP gone", "RENAME a TO gone", "RENAME b TO a"), dependents);
    }
}
