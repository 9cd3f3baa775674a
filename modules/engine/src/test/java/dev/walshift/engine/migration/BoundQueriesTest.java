package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.cutover.CutoverSettings;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * Views, materialized views and routines that are bound to the table are after the swap what they would be had they been made over the
 * changed table: PostgreSQL itself refuses to change the type of a column that a view uses.
 */
final class BoundQueriesTest {
    private static final String S = "\"Sh\"\"op; --\"";
    private static final String T = S + ".\"Or\"\"der; ? {Täble}\"";
    /** Where others have their views. */
    private static final String R = "\"Re ports\"";

    private static final List<String> ROLES = List.of("view_owner", "view_reader");

    private static final String TABLE = """
        CREATE TABLE {t} (id {type} PRIMARY KEY, "No te" varchar(20) DEFAULT 'n', n int NOT NULL DEFAULT 1, at timestamptz,
                          tags jsonb);
        INSERT INTO {t} (id, "No te", n, at, tags)
        SELECT i, 'n' || i, i % 7, timestamptz '2026-01-01 12:00+00' + i * interval '1 h', '{"a?": 1}' FROM generate_series(1, 500) i
        """;

    /** Those whose columns stay what they are. */
    private static final List<String> KEPT = List.of(
            "CREATE TABLE {s}.lines (order_id int, what text)",
            "INSERT INTO {s}.lines SELECT i % 20, 'x' FROM generate_series(1, 100) i",
            """
            CREATE VIEW {s}."Cheap ""ones""\" WITH (security_barrier, check_option = local) AS
            SELECT "No te", n AS "n?", 'it''s; {n}' AS q FROM {t} WHERE n < 5 AND tags ? 'a?' AND at > '2026-01-01 00:00+00'
            """,
            "ALTER VIEW {s}.\"Cheap \"\"ones\"\"\" ALTER COLUMN \"No te\" SET DEFAULT 'by the view'",
            "COMMENT ON VIEW {s}.\"Cheap \"\"ones\"\"\" IS 'It''s \\ cheap'",
            "COMMENT ON COLUMN {s}.\"Cheap \"\"ones\"\"\".\"n?\" IS 'how many?'",
            "GRANT SELECT ON {s}.\"Cheap \"\"ones\"\"\" TO view_reader WITH GRANT OPTION",
            "GRANT UPDATE (\"No te\") ON {s}.\"Cheap \"\"ones\"\"\" TO PUBLIC",
            "CREATE VIEW {r}.on_cheap AS SELECT count(*) AS c FROM {s}.\"Cheap \"\"ones\"\"\"",
            "CREATE VIEW {r}.joined AS SELECT l.what, o.n FROM {t} o JOIN {s}.lines l ON l.order_id = o.id",
            "CREATE VIEW {r}.constant AS SELECT n FROM {t} WHERE tableoid = '{t}'::regclass AND '{t}[]'::regtype <> 0",
            "CREATE VIEW {r}.grouped AS SELECT o.n, o.\"No te\", count(*) AS c FROM {t} o GROUP BY o.id",
            "ALTER VIEW {r}.joined OWNER TO view_owner",
            "CREATE VIEW {r}.inbox (note) AS SELECT 'a'::text",
            "CREATE RULE \"in to\" AS ON INSERT TO {r}.inbox DO INSTEAD (INSERT INTO {t} (id, \"No te\") VALUES (9999,"
                    + " NEW.note); NOTIFY arrived)",
            "COMMENT ON RULE \"in to\" ON {r}.inbox IS 'a letter box'",
            """
            CREATE FUNCTION {r}.add(a int, note text) RETURNS void LANGUAGE sql SECURITY DEFINER SET work_mem = '1MB'
            BEGIN ATOMIC INSERT INTO {t} (id, "No te") VALUES (a, note); UPDATE {t} SET n = 77 WHERE id = a; END
            """,
            "COMMENT ON FUNCTION {r}.add IS 'adds'",
            "REVOKE ALL ON FUNCTION {r}.add FROM PUBLIC",
            "GRANT EXECUTE ON FUNCTION {r}.add TO view_reader",
            "CREATE PROCEDURE {s}.\"Re move\"(a int) LANGUAGE sql BEGIN ATOMIC DELETE FROM {t} WHERE id = a; END",
            "CREATE FUNCTION {s}.cheap() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM {s}.\"Cheap"
                    + " \"\"ones\"\"\"; END");

    /** Those that have the changed column's type, or rows of the table, and what is made of them. */
    private static final List<String> REMADE = List.of(
            "CREATE VIEW {s}.every AS SELECT * FROM {t}",
            "ALTER VIEW {s}.every ALTER COLUMN n SET DEFAULT 3",
            "COMMENT ON VIEW {s}.every IS 'all of it'",
            "COMMENT ON COLUMN {s}.every.id IS 'the key'",
            "GRANT SELECT (id, n), UPDATE (n) ON {s}.every TO view_reader",
            "GRANT ALL ON {s}.every TO view_owner WITH GRANT OPTION",
            "CREATE FUNCTION {s}.put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO {t} (id, n) VALUES"
                    + " (NEW.id, NEW.n); RETURN NEW; END $$",
            "CREATE TRIGGER \"In stead\" INSTEAD OF INSERT ON {s}.every FOR EACH ROW EXECUTE FUNCTION {s}.put()",
            "COMMENT ON TRIGGER \"In stead\" ON {s}.every IS 'a trigger'",
            "CREATE RULE gone AS ON DELETE TO {s}.every DO INSTEAD UPDATE {t} SET n = 0 WHERE id = OLD.id",
            "COMMENT ON RULE gone ON {s}.every IS 'a rule'",
            "CREATE VIEW {r}.\"on every\" WITH (security_barrier = true) AS SELECT e.n, e.\"No te\" FROM {s}.every e"
                    + " WHERE e.id > 3",
            "ALTER VIEW {r}.\"on every\" OWNER TO view_owner",
            "CREATE VIEW {r}.third AS SELECT o.n, c.c FROM {r}.\"on every\" o CROSS JOIN {r}.on_cheap c",
            "CREATE FUNCTION {r}.of_every() RETURNS SETOF int LANGUAGE sql BEGIN ATOMIC SELECT n FROM {s}.every; END",
            "CREATE FUNCTION {s}.\"La bel\"(o {t}, VARIADIC more {t}[] DEFAULT '{}') RETURNS text LANGUAGE sql STABLE"
                    + " AS 'SELECT o.\"No te\"'",
            "COMMENT ON FUNCTION {s}.\"La bel\" IS 'of a row'",
            "REVOKE ALL ON FUNCTION {s}.\"La bel\" FROM PUBLIC",
            "GRANT EXECUTE ON FUNCTION {s}.\"La bel\" TO view_reader WITH GRANT OPTION",
            "ALTER FUNCTION {s}.\"La bel\" OWNER TO view_owner",
            "CREATE FUNCTION {r}.rows(a int) RETURNS SETOF {t} LANGUAGE sql BEGIN ATOMIC SELECT * FROM {t} WHERE id ="
                    + " a; END",
            "CREATE FUNCTION {r}.views() RETURNS SETOF {s}.every LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT * FROM"
                    + " {s}.every; END'",
            "CREATE VIEW {r}.whole AS SELECT o AS \"the row\", o.n FROM {t} o");

    private static final List<String> MATERIALIZED = List.of(
            "CREATE MATERIALIZED VIEW {r}.\"To tals\" WITH (fillfactor = 70, toast.autovacuum_enabled = off) AS"
                    + " SELECT n, count(*) AS c, max(id) AS last, 'x'::text AS t FROM {t} GROUP BY n",
            "CREATE UNIQUE INDEX \"To tals n\" ON {r}.\"To tals\" (n)",
            "CREATE INDEX expressed ON {r}.\"To tals\" ((c + 1)) WHERE c > 2",
            "ALTER INDEX {r}.expressed ALTER COLUMN 1 SET STATISTICS 77",
            "COMMENT ON INDEX {r}.expressed IS 'an index'",
            "ALTER MATERIALIZED VIEW {r}.\"To tals\" CLUSTER ON \"To tals n\"",
            "ALTER MATERIALIZED VIEW {r}.\"To tals\" ALTER COLUMN c SET STATISTICS 5",
            "ALTER MATERIALIZED VIEW {r}.\"To tals\" ALTER COLUMN t SET STORAGE EXTERNAL",
            "ALTER MATERIALIZED VIEW {r}.\"To tals\" ALTER COLUMN n SET (n_distinct = 7)",
            "COMMENT ON MATERIALIZED VIEW {r}.\"To tals\" IS 'sums'",
            "COMMENT ON COLUMN {r}.\"To tals\".c IS 'how many'",
            "GRANT SELECT ON {r}.\"To tals\" TO view_reader",
            "ALTER MATERIALIZED VIEW {r}.\"To tals\" OWNER TO view_owner",
            "CREATE VIEW {s}.of_totals AS SELECT * FROM {r}.\"To tals\"",
            "CREATE MATERIALIZED VIEW {s}.again AS SELECT sum(c) AS s FROM {s}.of_totals",
            "CREATE MATERIALIZED VIEW {s}.empty AS SELECT id FROM {t} WITH NO DATA");

    private static final String DEFINITIONS = """
        WITH r AS (SELECT c.*, c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind IN ('v', 'm') AND n.nspname IN ('Sh"op; --', 'Re ports'))
        SELECT concat_ws(' ', 'relation', name, relkind, relowner::regrole, reloptions, relispopulated, pg_get_viewdef(oid),
                         (SELECT t.reloptions FROM pg_class t WHERE t.oid = reltoastrelid),
                         (SELECT array_agg(DISTINCT format('%s %s %s', x.grantee::regrole, x.privilege_type, x.is_grantable))
                            FROM aclexplode(COALESCE(relacl, acldefault('r', relowner))) AS x), obj_description(oid, 'pg_class'))
          FROM r
        UNION ALL
        SELECT concat_ws(' ', 'column', name, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attstorage,
                         NULLIF(a.attstattarget, -1), a.attoptions, a.attacl, col_description(r.oid, a.attnum), pg_get_expr(d.adbin, d.adrelid))
          FROM r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0
          LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
        UNION ALL
        SELECT concat_ws(' ', 'rule', pg_get_ruledef(w.oid), w.ev_enabled, obj_description(w.oid, 'pg_rewrite'))
          FROM r JOIN pg_rewrite w ON w.ev_class = r.oid
        UNION ALL
        SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
          FROM r JOIN pg_trigger t ON t.tgrelid = r.oid
        UNION ALL
        SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid), i.indisclustered, obj_description(i.indexrelid, 'pg_class'),
                         (SELECT array_agg(NULLIF(attstattarget, -1) ORDER BY attnum) FROM pg_attribute WHERE attrelid = i.indexrelid))
          FROM r JOIN pg_index i ON i.indrelid = r.oid
        UNION ALL
        SELECT concat_ws(' ', 'routine', pg_get_functiondef(p.oid), p.proowner::regrole, obj_description(p.oid, 'pg_proc'),
                         (SELECT array_agg(DISTINCT format('%s %s %s', x.grantee::regrole, x.privilege_type, x.is_grantable))
                            FROM aclexplode(COALESCE(proacl, acldefault('f', proowner))) AS x))
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname IN ('Sh"op; --', 'Re ports')
         ORDER BY 1
        """;

    /** What still is bound to a retired table or to what was dropped. */
    private static final String BOUND_TO_OTHERS = """
        SELECT pg_describe_object(d.classid, d.objid, d.objsubid) || ' on ' || pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
          FROM pg_depend d
          JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
         WHERE c.relnamespace::regnamespace::text LIKE '%walshift\\_%' AND d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass)
           AND NOT EXISTS (SELECT FROM pg_rewrite w WHERE d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.ev_class = c.oid)
        """;

    private static String fill(String sql) {
        return sql.replace("{t}", T).replace("{s}", S).replace("{r}", R);
    }

    private static void prepare(TestDatabase database, String type, List<String> queries) throws SQLException {
        List<String> all = new ArrayList<>(List.of(
                "CREATE SCHEMA {s}",
                "CREATE SCHEMA {r}",
                "GRANT USAGE ON SCHEMA {s} TO view_owner, view_reader",
                "GRANT USAGE, CREATE ON SCHEMA {r} TO view_owner, view_reader",
                TABLE.replace("{type}", type),
                "GRANT SELECT, INSERT ON {t} TO view_owner"));
        all.addAll(queries);
        database.execute(all.stream().map(BoundQueriesTest::fill).toArray(String[]::new));
    }

    private static void createRoles(TestDatabase database) throws SQLException {
        for (String role : ROLES) {
            database.execute("DO $$ BEGIN CREATE ROLE %s; EXCEPTION WHEN duplicate_object THEN END $$".formatted(role));
        }
    }

    private static MigrationReport migrate(TestDatabase database, String clause) {
        return Scenario.migration(database, Scenario.agreeing(Consent.MATERIALIZED_VIEWS, Scenario.request(T, clause)))
                .run();
    }

    @ParameterizedTest
    @OnMajors
    void allAreAsIfMadeOverTheChangedTable(ServerVersion version) throws Exception {
        List<String> queries = new ArrayList<>(KEPT);
        queries.addAll(REMADE);
        queries.addAll(MATERIALIZED);
        if (version.major() >= 15) {
            queries.add("CREATE VIEW {s}.invoked WITH (security_invoker = true) AS SELECT id FROM {t}");
            queries.add("CREATE VIEW {s}.kept_invoked WITH (security_invoker) AS SELECT n FROM {t}");
        }
        try (TestDatabase migrated = SharedServers.freshDatabase(version);
                TestDatabase expected = SharedServers.freshDatabase(version)) {
            createRoles(migrated);
            prepare(migrated, "int", queries);
            prepare(expected, "bigint", queries);
            // These belong to nothing that was there before.
            migrated.execute(
                    "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO view_reader, PUBLIC",
                    "ALTER DEFAULT PRIVILEGES GRANT ALL ON ROUTINES TO view_reader");
            try (Connection found = migrated.connect();
                    Connection wanted = expected.connect()) {
                String kept =
                        fill("SELECT '{s}.\"Cheap \"\"ones\"\"\"'::regclass::oid || ' ' || '{r}.add'::regproc::oid");
                List<String> oids = Scenario.list(found, kept);

                MigrationReport report = migrate(migrated, "ALTER id TYPE bigint");

                assertThat(report.verified()).isTrue();
                assertThat(Scenario.list(found, DEFINITIONS)).isEqualTo(Scenario.list(wanted, DEFINITIONS));
                assertThat(Scenario.list(found, BOUND_TO_OTHERS)).isEmpty();
                assertThat(Scenario.list(found, kept)).isEqualTo(oids);
                for (TestDatabase each : List.of(migrated, expected)) {
                    each.execute(
                            fill("SELECT {r}.add(10001, 'by function')"),
                            fill("CALL {s}.\"Re move\"(7)"),
                            fill("INSERT INTO {s}.every (id, n) VALUES (10002, 3)"),
                            fill("DELETE FROM {s}.every WHERE id = 8"),
                            fill("INSERT INTO {r}.inbox VALUES ('by rule')"),
                            fill("INSERT INTO {s}.\"Cheap \"\"ones\"\"\" (\"n?\") SELECT 1 WHERE false"),
                            fill("UPDATE {s}.\"Cheap \"\"ones\"\"\" SET \"No te\" = 'updated' WHERE \"n?\" = 2"));
                }
                for (String query : List.of(
                        "SELECT x::text FROM {t} x ORDER BY id",
                        "SELECT x::text FROM {r}.third x ORDER BY 1",
                        "SELECT x::text FROM {r}.\"To tals\" x ORDER BY 1",
                        "SELECT x::text FROM {s}.again x ORDER BY 1",
                        "SELECT {s}.\"La bel\"(o) FROM {t} o ORDER BY 1",
                        "SELECT x::text FROM {r}.rows(10001) x",
                        "SELECT x::text FROM {r}.views() x ORDER BY 1",
                        "SELECT x::text FROM {r}.whole x ORDER BY 1",
                        "SELECT x::text FROM {r}.of_every() x ORDER BY 1")) {
                    assertThat(Scenario.list(found, fill(query)))
                            .as(query)
                            .isNotEmpty()
                            .isEqualTo(Scenario.list(wanted, fill(query)));
                }
                Scenario.assertNothingLeft(found);
            }
            migrated.execute("DROP OWNED BY view_reader CASCADE", "DROP OWNED BY view_owner CASCADE");
        }
    }

    /** A process that begins where another one ended finds what that one made beside the shadow. */
    @ParameterizedTest
    @OnMajors
    void areMadeAgainIfTheFirstAttemptDidNotGetThrough(ServerVersion version) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(version);
                Connection connection = database.connect();
                Connection reader = database.connect()) {
            createRoles(database);
            List<String> queries = new ArrayList<>(REMADE);
            queries.addFirst("CREATE VIEW {r}.on_cheap AS SELECT count(*) AS c FROM {t}");
            queries.addAll(MATERIALIZED);
            prepare(database, "int", queries);
            reader.setAutoCommit(false);
            assertThat(Scenario.list(reader, fill("SELECT count(*) FROM {t}"))).containsExactly("500");
            MigrationSettings usual = Scenario.SETTINGS;
            CutoverSettings once = new CutoverSettings(
                    new LockRetry(Duration.ofMillis(100), 1, Duration.ofMillis(10), bound -> 0),
                    usual.cutover().vacuumPatience(),
                    usual.cutover().drain(),
                    usual.cutover().oldSnapshotAttempts());
            MigrationRequest request =
                    Scenario.agreeing(Consent.MATERIALIZED_VIEWS, Scenario.request(T, "ALTER id TYPE bigint"));

            assertThatThrownBy(new Migration(TestConnections.database(database), request, usual.with(once))::run)
                    .hasMessageContaining("no swap after 1 attempts");
            reader.commit();
            database.execute(fill("INSERT INTO {t} (id, n) VALUES (501, 99)"));
            MigrationReport report = Scenario.migration(database, request).run();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(connection, fill("SELECT c FROM {r}.\"To tals\" WHERE n = 99")))
                    .containsExactly("1");
            Scenario.assertNothingLeft(connection);
            database.execute("DROP OWNED BY view_reader CASCADE", "DROP OWNED BY view_owner CASCADE");
        }
    }
}
