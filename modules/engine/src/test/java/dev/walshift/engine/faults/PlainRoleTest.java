package dev.walshift.engine.faults;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.migration.Scenario;
import dev.walshift.engine.migration.TestConnections;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.plan.RefusedException;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;

/** A role that is no superuser and has what the README lists, and nothing else; the table belongs to a group that it is in. */
final class PlainRoleTest {
    private PostgresServer server;
    private TestDatabase database;

    private void prepare(ServerVersion version, String inherit) throws SQLException {
        server = PostgresServer.start(version);
        database = TestDatabase.create(server);
        String name = database.name();
        database.execute(
                "CREATE ROLE shop NOLOGIN",
                "CREATE ROLE application LOGIN",
                "CREATE ROLE migrator LOGIN REPLICATION NOSUPERUSER %s IN ROLE shop".formatted(inherit),
                "REVOKE ALL ON SCHEMA public FROM PUBLIC",
                "REVOKE ALL ON DATABASE %s FROM PUBLIC".formatted(name),
                "GRANT CONNECT ON DATABASE %s TO PUBLIC".formatted(name),
                "GRANT CREATE, TEMPORARY ON DATABASE %s TO migrator".formatted(name),
                "CREATE SCHEMA shop",
                "GRANT USAGE ON SCHEMA shop TO shop, application",
                "GRANT USAGE, CREATE ON SCHEMA shop TO migrator",
                "CREATE TABLE shop.orders (id serial PRIMARY KEY, n int, note text)",
                "INSERT INTO shop.orders (n, note) SELECT i, 'as it was' FROM generate_series(1, 1000) i",
                "ALTER TABLE shop.orders OWNER TO shop",
                "GRANT SELECT, UPDATE (note) ON shop.orders TO application",
                // Of the role that creates: these must not reach the new table.
                "ALTER DEFAULT PRIVILEGES FOR ROLE migrator GRANT ALL ON TABLES TO PUBLIC",
                "ALTER DEFAULT PRIVILEGES FOR ROLE shop GRANT ALL ON TABLES TO PUBLIC",
                "ALTER DEFAULT PRIVILEGES FOR ROLE migrator GRANT ALL ON SEQUENCES TO PUBLIC");
    }

    @AfterEach
    void close() {
        server.close();
    }

    private Migration migration() {
        return Scenario.migration(
                TestConnections.database(server.jdbcUrl("migrator", database.name())),
                Scenario.request("shop.orders", "ALTER COLUMN id TYPE bigint"));
    }

    @ParameterizedTest
    @OnMajors
    void migratesAndLeavesRightsAndOwnerAsTheyWere(ServerVersion version) throws Exception {
        prepare(version, "INHERIT");
        String rights = """
            SELECT coalesce(relacl::text, '') || relowner::regrole FROM pg_class WHERE oid = 'shop.orders'::regclass
            UNION ALL SELECT coalesce(attacl::text, '') FROM pg_attribute WHERE attrelid = 'shop.orders'::regclass AND attnum > 0
            UNION ALL SELECT coalesce(relacl::text, '') || relowner::regrole FROM pg_class
                       WHERE oid = 'shop.orders_id_seq'::regclass
            """;
        try (Connection connection = database.connect();
                Connection application = server.connect("application", database.name())) {
            List<String> before = Scenario.list(connection, rights);

            MigrationReport report = migration().run();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(connection, rights)).isEqualTo(before);
            assertThat(Scenario.list(application, "SELECT count(*) FROM shop.orders WHERE id = n"))
                    .containsExactly("1000");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** The owner may create nothing in the schema. */
    @ParameterizedTest
    @OnMajors
    void migratesViewsAndRoutinesOfTheGroup(ServerVersion version) throws Exception {
        prepare(version, "INHERIT");
        database.execute(
                "CREATE VIEW shop.every AS SELECT * FROM shop.orders",
                "CREATE VIEW shop.notes AS SELECT note FROM shop.orders",
                "CREATE MATERIALIZED VIEW shop.sums AS SELECT sum(n) AS s FROM shop.orders",
                "CREATE FUNCTION shop.total() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(n) FROM shop.orders;"
                        + " END",
                "CREATE FUNCTION shop.label(shop.orders) RETURNS text LANGUAGE sql AS 'SELECT $1.note'",
                "ALTER VIEW shop.every OWNER TO shop",
                "ALTER VIEW shop.notes OWNER TO shop",
                "ALTER MATERIALIZED VIEW shop.sums OWNER TO shop",
                "ALTER FUNCTION shop.total OWNER TO shop",
                "ALTER FUNCTION shop.label OWNER TO shop",
                "REVOKE ALL ON FUNCTION shop.label FROM PUBLIC",
                "GRANT SELECT ON shop.every, shop.sums TO application",
                "ALTER DEFAULT PRIVILEGES FOR ROLE migrator GRANT ALL ON ROUTINES TO PUBLIC");
        String rights = """
            SELECT relname || ' ' || relowner::regrole || (SELECT array_agg(DISTINCT format('%s %s', x.grantee::regrole, x.privilege_type))
                     FROM aclexplode(COALESCE(relacl, acldefault('r', relowner))) x)::text
              FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('v', 'm')
            UNION ALL
            SELECT proname || ' ' || proowner::regrole || (SELECT array_agg(DISTINCT format('%s %s', x.grantee::regrole, x.privilege_type))
                     FROM aclexplode(COALESCE(proacl, acldefault('f', proowner))) x)::text
              FROM pg_proc WHERE pronamespace = 'shop'::regnamespace
             ORDER BY 1
            """;
        try (Connection connection = database.connect();
                Connection application = server.connect("application", database.name())) {
            List<String> before = Scenario.list(connection, rights);

            MigrationReport report = Scenario.migration(
                            TestConnections.database(server.jdbcUrl("migrator", database.name())),
                            Scenario.agreeing(
                                    Consent.MATERIALIZED_VIEWS,
                                    Scenario.request("shop.orders", "ALTER COLUMN id TYPE bigint")))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(connection, rights)).hasSize(5).isEqualTo(before);
            assertThat(Scenario.list(application, "SELECT count(*) || ' ' || pg_typeof(max(id)) FROM shop.every"))
                    .containsExactly("1000 bigint");
            assertThat(Scenario.list(application, "SELECT s FROM shop.sums")).containsExactly("500500");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** The twin that columns are renamed on is the group's, too. */
    @ParameterizedTest
    @OnMajors
    void renamesColumnsThatOthersUse(ServerVersion version) throws Exception {
        prepare(version, "INHERIT");
        database.execute(
                "CREATE TABLE shop.log (n int)",
                "ALTER TABLE shop.log OWNER TO shop",
                "CREATE VIEW shop.notes AS SELECT note FROM shop.orders WHERE n > 990",
                "CREATE FUNCTION shop.total() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(n) FROM shop.orders;"
                        + " END",
                "ALTER VIEW shop.notes OWNER TO shop",
                "ALTER FUNCTION shop.total OWNER TO shop",
                "CREATE RULE logged AS ON UPDATE TO shop.orders DO ALSO INSERT INTO shop.log VALUES (NEW.n)",
                "CREATE TRIGGER same BEFORE UPDATE OF n ON shop.orders FOR EACH ROW WHEN (OLD.n = NEW.n)"
                        + " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
                "CREATE POLICY po ON shop.log USING (n IN (SELECT o.n FROM shop.orders o))");
        try (Connection connection = database.connect()) {
            MigrationReport report = Scenario.migration(
                            TestConnections.database(server.jdbcUrl("migrator", database.name())),
                            Scenario.request("shop.orders", "ALTER COLUMN id TYPE bigint, RENAME n TO \"N o\""))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(connection, "SELECT count(*) + shop.total() FROM shop.notes"))
                    .containsExactly("500510");
            assertThat(Scenario.list(connection, """
                SELECT pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = 'shop.orders'::regclass
                UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'shop.orders'::regclass
                UNION ALL SELECT pg_get_expr(polqual, polrelid) FROM pg_policy
                """))
                    .hasSize(3)
                    .allMatch(definition -> definition.contains("\"N o\""));
            Scenario.assertNothingLeft(connection);
        }
    }

    /** Default privileges must not open the partitions, which are tables of their own. */
    @ParameterizedTest
    @OnMajors
    void partitionsAreTheOwnersAlone(ServerVersion version) throws Exception {
        prepare(version, "INHERIT");
        // Go away with the old table: the file says what there is.
        database.execute(
                "CREATE SCHEMA elsewhere",
                "GRANT USAGE ON SCHEMA elsewhere TO migrator",
                "CREATE STATISTICS elsewhere.st ON n, note FROM shop.orders",
                "ALTER STATISTICS elsewhere.st OWNER TO shop");
        String file = """
            CREATE TABLE orders (id bigint DEFAULT nextval('orders_id_seq') PRIMARY KEY, n int, note text) PARTITION BY RANGE (id);
            CREATE TABLE few PARTITION OF orders FOR VALUES FROM (0) TO (100) PARTITION BY HASH (id);
            CREATE TABLE all_few PARTITION OF few FOR VALUES WITH (MODULUS 1, REMAINDER 0);
            CREATE TABLE many PARTITION OF orders DEFAULT;
            CREATE STATISTICS st ON n, note FROM many
            """;
        AlterRequest alter = new AlterRequest(Optional.of("shop.orders"), List.of(), Map.of(), List.of()).by(file);
        try (Connection connection = database.connect();
                Connection application = server.connect("application", database.name())) {
            MigrationReport report = Scenario.migration(
                            TestConnections.database(server.jdbcUrl("migrator", database.name())),
                            new MigrationRequest(alter, 2, true, VerifyMode.FULL))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(connection, """
                SELECT DISTINCT c.relname || ' ' || c.relowner::regrole || ' ' || COALESCE(a.grantee::regrole::text, 'nobody')
                  FROM pg_class c LEFT JOIN aclexplode(c.relacl) a ON true
                 WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1
                """))
                    .containsExactly(
                            "all_few shop shop",
                            "few shop shop",
                            "many shop shop",
                            "orders shop application",
                            "orders shop shop");
            assertThat(Scenario.list(
                            connection,
                            "SELECT format('%s.%s of %s', stxnamespace::regnamespace, stxname, stxowner::regrole)"
                                    + " FROM pg_statistic_ext"))
                    .containsExactly("shop.st of shop");
            assertThat(Scenario.list(application, "SELECT count(*) FROM shop.orders WHERE id = n"))
                    .containsExactly("1000");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** They may belong to others than the table, and be where they may create nothing. */
    @ParameterizedTest
    @OnMajors
    void carriesStatisticsOfOthersInAnotherSchema(ServerVersion version) throws Exception {
        prepare(version, "INHERIT");
        database.execute(
                "CREATE ROLE \"Ana lyst\"",
                "CREATE SCHEMA \"Fig\"\"ures; --\"",
                "CREATE STATISTICS \"Fig\"\"ures; --\".\"n; nöte\" (mcv) ON n, note FROM shop.orders",
                "ALTER STATISTICS \"Fig\"\"ures; --\".\"n; nöte\" OWNER TO \"Ana lyst\"");
        String statistics =
                "SELECT stxowner::regrole || ' ' || pg_get_statisticsobjdef(s.oid) || (d.stxdmcv IS NOT NULL)"
                        + " FROM pg_statistic_ext s LEFT JOIN pg_statistic_ext_data d ON d.stxoid = s.oid"
                        + " WHERE stxrelid = 'shop.orders'::regclass";
        try (Connection connection = database.connect()) {
            assertThatThrownBy(migration()::run)
                    .isInstanceOfSatisfying(
                            RefusedException.class,
                            refused -> assertThat(refused.plan().problems().stream()
                                            .map(problem -> problem.message() + ": " + problem.remedy()))
                                    .containsExactly(
                                            "role migrator does not own the table's statistics \"Fig\"\"ures;"
                                                    + " --\".\"n; nöte\": GRANT \"Ana lyst\" TO \"migrator\"",
                                            "role migrator may not move anything out of and into schema Fig\"ures; --,"
                                                + " where the table's statistics \"Fig\"\"ures; --\".\"n; nöte\" are:"
                                                + " GRANT USAGE, CREATE ON SCHEMA \"Fig\"\"ures; --\" TO"
                                                + " \"migrator\""));
            database.execute("GRANT \"Ana lyst\" TO migrator", "GRANT USAGE ON SCHEMA \"Fig\"\"ures; --\" TO migrator");
            assertThatThrownBy(migration()::run)
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("role migrator may not move anything out of and into schema");
            database.execute(
                    "REVOKE USAGE ON SCHEMA \"Fig\"\"ures; --\" FROM migrator",
                    "GRANT CREATE ON SCHEMA \"Fig\"\"ures; --\" TO migrator");
            assertThatThrownBy(migration()::run)
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("role migrator may not move anything out of and into schema");
            database.execute("GRANT USAGE ON SCHEMA \"Fig\"\"ures; --\" TO migrator", "ANALYZE shop.orders");
            List<String> before = Scenario.list(connection, statistics);

            assertThat(migration().run().verified()).isTrue();

            assertThat(Scenario.list(connection, statistics))
                    .containsExactly(
                            "\"Ana lyst\" CREATE STATISTICS \"Fig\"\"ures; --\".\"n; nöte\" (mcv) ON n, note FROM"
                                    + " shop.orderstrue")
                    .isEqualTo(before);
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void carriesForeignKeysWithTheRightsThatThePlanAsksFor(ServerVersion version) throws Exception {
        prepare(version, "INHERIT");
        database.execute(
                "CREATE TABLE shop.customers AS SELECT i AS id FROM generate_series(1, 1000) i",
                "ALTER TABLE shop.customers ADD PRIMARY KEY (id)",
                "ALTER TABLE shop.orders ADD FOREIGN KEY (n) REFERENCES shop.customers",
                "CREATE TABLE shop.items (o int REFERENCES shop.orders)",
                "INSERT INTO shop.items SELECT id FROM shop.orders",
                "ALTER TABLE shop.items OWNER TO shop",
                "GRANT %s, REFERENCES ON shop.customers TO migrator"
                        .formatted(version.major() < 17 ? "UPDATE" : "MAINTAIN"));
        try (Connection connection = database.connect()) {
            assertThat(migration().run().verified()).isTrue();

            assertThat(Scenario.list(
                            connection,
                            "SELECT conname FROM pg_constraint WHERE contype = 'f' AND convalidated AND connamespace ="
                                    + " 'shop'::regnamespace ORDER BY 1"))
                    .containsExactly("items_o_fkey", "orders_n_fkey");
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void tellsARoleThatDoesNotInheritWhatItIsAMemberOf(ServerVersion version) throws Exception {
        prepare(version, "NOINHERIT");
        try (Connection connection = database.connect()) {
            assertThatThrownBy(migration()::run)
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("role migrator does not own table shop.orders");
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void isToldOfForcedRowLevelSecurity(ServerVersion version) throws Exception {
        prepare(version, "INHERIT");
        database.execute(
                "ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                "CREATE POLICY few ON shop.orders USING (n < 10)");
        try (Connection connection = database.connect()) {
            assertThatThrownBy(migration()::run)
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining(
                            "row level security of table \"shop\".\"orders\" hides rows from role migrator");
            assertThat(Scenario.list(connection, "SELECT count(*) FROM shop.orders"))
                    .containsExactly("1000");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** The policy is made in the middle: no statement of ours may take the few rows it shows for all. */
    @ParameterizedTest
    @OnMajors
    void neverTakesTheRowsThatAPolicyShowsForAll(ServerVersion version) throws Exception {
        prepare(version, "INHERIT");
        Migration migration = migration();
        try (Connection older = database.connect();
                Connection connection = database.connect();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            older.setAutoCommit(false);
            Scenario.list(older, "SELECT pg_current_xact_id()");
            CompletableFuture<MigrationReport> running = CompletableFuture.supplyAsync(migration::run, threads);
            await().until(() -> !Scenario.list(
                            connection, "SELECT pid FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted")
                    .isEmpty());
            database.execute(
                    "ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                    "CREATE POLICY few ON shop.orders USING (n < 10)");
            older.commit();

            assertThatThrownBy(running::join).hasMessageContaining("somebody changed the schema");
            assertThat(Scenario.list(connection, "SELECT count(*) FROM shop.orders"))
                    .containsExactly("1000");
            Scenario.assertNothingLeft(connection);
        }
    }
}
