package dev.walshift.engine.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.plan.RefusedException;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;

/** Tables and roles that are not the usual ones; on the oldest and the newest server. */
final class SpecialTablesTest {

    @ParameterizedTest
    @OnMajors
    void usesAUniqueIndexWhereThereIsNoPrimaryKeyAndPutsTheReplicaIdentityBack(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE t (a int NOT NULL, b text NOT NULL, c int)",
                    "CREATE UNIQUE INDEX t_key ON t (b, a)",
                    "INSERT INTO t SELECT i % 10, 'b' || i, i FROM generate_series(1, 2000) i");

            MigrationReport report = Scenario.migration(
                            database, Scenario.request("t", "ALTER a TYPE bigint, ALTER c TYPE text"))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(
                            connection,
                            "SELECT oid::regclass || ' ' || relreplident::text FROM pg_class WHERE relname ="
                                    + " 't' ORDER BY 1"))
                    .containsExactly("t d", "walshift_1_retired.t d");
            assertThat(Scenario.list(connection, "SELECT count(*) FROM t")).containsExactly("2000");
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void putsColumnsIntoTheWantedOrder(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT 'x', b int CHECK (b > 0), c int GENERATED"
                            + " ALWAYS AS (b * 2) STORED)",
                    "INSERT INTO t SELECT i, 'a' || i, i FROM generate_series(1, 100) i");
            List<Identifier> order =
                    Stream.of("b", "id", "c", "a").map(Identifier::new).toList();

            MigrationReport report = Scenario.migration(
                            database, Scenario.request("t", List.of("ALTER id TYPE bigint"), order))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(connection, "SELECT t::text FROM t WHERE id = 7"))
                    .containsExactly("(7,7,14,a7)");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** Rows that break a constraint, and came before it, are copied; rows that come after the swap can't break it. */
    @ParameterizedTest
    @OnMajors
    void constraintsThatAreNotValidOrNotEnforcedStaySo(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, a int, b int)",
                    "INSERT INTO t SELECT i, -i, NULL FROM generate_series(1, 100) i",
                    "ALTER TABLE t ADD CONSTRAINT \"Positive\" CHECK (a > 0) NOT VALID",
                    "COMMENT ON CONSTRAINT \"Positive\" ON t IS 'some day'");
            if (major.major() >= 18) {
                database.execute(
                        "ALTER TABLE t ADD CONSTRAINT wish CHECK (a > 1000) NOT ENFORCED",
                        "ALTER TABLE t ADD CONSTRAINT b_there NOT NULL b NOT VALID");
            }
            String constraints = """
                SELECT conname || ' ' || pg_get_constraintdef(oid) || convalidated
                       || COALESCE(obj_description(oid, 'pg_constraint'), '')
                  FROM pg_constraint WHERE conrelid = 't'::regclass ORDER BY 1
                """;
            List<String> before = Scenario.list(connection, constraints);

            MigrationReport report = Scenario.migration(database, Scenario.request("t", "ALTER id TYPE bigint"))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(connection, constraints)).isEqualTo(before).hasSizeGreaterThanOrEqualTo(2);
            assertThat(Scenario.list(connection, "SELECT count(*) FROM t WHERE a < 0"))
                    .containsExactly("100");
            assertThatThrownBy(() -> database.execute("INSERT INTO t VALUES (101, -1, 1)"))
                    .hasMessageContaining("Positive");
            Scenario.assertNothingLeft(connection);
        }
    }

    /** Side by side the younger would now and then be created first. */
    @ParameterizedTest
    @OnMajors
    void indexesThatAForeignKeyCanChooseBetweenStayInTheirOrder(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            List<String> twins = IntStream.rangeClosed(1, 20)
                    .mapToObj(i -> "\"Twin; %d\"".formatted((i * 7) % 23))
                    .toList();
            database.execute("CREATE TABLE t (id int PRIMARY KEY, a int, b int)");
            for (String twin : twins) {
                database.execute("CREATE UNIQUE INDEX %s ON t (%s)"
                        .formatted(twin, twins.indexOf(twin) % 2 == 0 ? "a, id" : "id, a"));
            }
            database.execute(
                    "INSERT INTO t SELECT i, i FROM generate_series(1, 3000) i",
                    "CREATE TABLE r (a int, t int, CONSTRAINT of_t FOREIGN KEY (a, t) REFERENCES t (a, id))");

            Scenario.migration(database, Scenario.request("t", "ALTER b TYPE bigint"))
                    .run();

            assertThat(Scenario.list(
                            connection,
                            "SELECT indexrelid::regclass FROM pg_index"
                                    + " WHERE indrelid = 't'::regclass AND NOT indisprimary ORDER BY indexrelid"))
                    .isEqualTo(twins);
            assertThat(Scenario.list(connection, "SELECT conindid::regclass FROM pg_constraint WHERE conname = 'of_t'"))
                    .containsExactly(twins.getFirst());
        }
    }

    /** The blocking ALTER drops the sequence with its column; here it stays with the retired table. */
    @ParameterizedTest
    @OnMajors
    void aSerialColumnCanBeDroppedBesideARewrite(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, n serial)",
                    "INSERT INTO t SELECT i FROM generate_series(1, 100) i");

            MigrationReport report = Scenario.migration(
                            database, Scenario.request("t", "ALTER id TYPE bigint, DROP COLUMN n"))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(
                            connection, "SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 't_n_seq'"))
                    .containsExactly("walshift_1_retired");
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void rebuildsWhereTheCatalogAloneWouldDo(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE t (id int PRIMARY KEY, a text)",
                    "INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 2000) i",
                    "DELETE FROM t WHERE id % 10 <> 0");
            AlterRequest change = new AlterRequest(
                            Optional.of("t"), List.of("SET (fillfactor = 70)"), Map.of(), List.of())
                    .rebuilding();
            MigrationRequest request = new MigrationRequest(change, 2, true, VerifyMode.FULL);

            MigrationReport report = Scenario.migration(database, request).run();

            assertThat(report.strategy()).isEqualTo(Strategy.SHADOW);
            assertThat(Scenario.list(
                            connection,
                            "SELECT reloptions::text || ' ' || pg_relation_size(oid) / 8192 FROM pg_class WHERE relname"
                                    + " = 't'"))
                    .singleElement()
                    .satisfies(found -> assertThat(found).startsWith("{fillfactor=70} "))
                    .satisfies(found -> assertThat(Integer.parseInt(found.substring(found.indexOf(' ') + 1)))
                            .isLessThan(100));
            Scenario.assertNothingLeft(connection);
        }
    }

    @ParameterizedTest
    @OnMajors
    void changesTheCatalogInPlaceWhereThatIsEnough(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute("CREATE TABLE t (id int PRIMARY KEY, a varchar(10))", "INSERT INTO t VALUES (1, 'x')");
            String filenode = "SELECT pg_relation_filenode('t')";
            List<String> before = Scenario.list(connection, filenode);

            MigrationReport report = Scenario.migration(
                            database,
                            Scenario.request("t", "ALTER a TYPE varchar(20), ADD COLUMN b int NOT NULL DEFAULT 5"))
                    .run();

            assertThat(report.strategy()).isEqualTo(Strategy.IN_PLACE);
            assertThat(Scenario.list(connection, filenode)).isEqualTo(before);
            assertThat(Scenario.list(connection, "SELECT b FROM t")).containsExactly("5");
            assertThat(new MigrationList(TestConnections.database(database)).all())
                    .singleElement()
                    .satisfies(status -> assertThat(status.state()).isEqualTo("FINISHED"));
        }
    }

    @ParameterizedTest
    @OnMajors
    void worksForARoleThatIsNoSuperuser(ServerVersion major) throws Exception {
        String role = "plain_" + major;
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE ROLE %s LOGIN REPLICATION".formatted(role),
                    "GRANT CREATE ON DATABASE %s TO %s".formatted(database.name(), role),
                    "CREATE SCHEMA app AUTHORIZATION " + role,
                    "CREATE TABLE app.t (id int PRIMARY KEY, a text)",
                    "ALTER TABLE app.t OWNER TO " + role,
                    "INSERT INTO app.t SELECT i, 'a' FROM generate_series(1, 1000) i");
            String url = database.server().jdbcUrl(role, database.name());

            MigrationReport report = Scenario.migration(
                            TestConnections.database(url), Scenario.request("app.t", "ALTER id TYPE bigint"))
                    .run();

            assertThat(report.verified()).isTrue();
            assertThat(Scenario.list(
                            connection, "SELECT relowner::regrole FROM pg_class WHERE oid = 'app.t'::regclass"))
                    .containsExactly(role);
            Scenario.assertNothingLeft(connection);
        } finally {
            try (Connection connection = SharedServers.of(major).connect()) {
                Scenario.list(connection, "SELECT 1");
                connection.createStatement().execute("DROP ROLE " + role);
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void dropsTheRetiredTableIfAsked(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE t (id serial PRIMARY KEY)", "INSERT INTO t SELECT FROM generate_series(1, 10)");
            MigrationRequest request = Scenario.request("t", "ALTER id TYPE bigint");

            MigrationReport report = Scenario.migration(
                            database, new MigrationRequest(request.alter(), 1, true, VerifyMode.FULL))
                    .run();

            assertThat(report.retired()).isEmpty();
            assertThat(Scenario.list(connection, "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%retired'"))
                    .isEmpty();
            assertThat(Scenario.list(connection, "INSERT INTO t DEFAULT VALUES RETURNING id"))
                    .containsExactly("11");
        }
    }

    @ParameterizedTest
    @OnMajors
    void refusesEverythingAtOnceAndTouchesNothing(ServerVersion major) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase(major);
                Connection connection = database.connect()) {
            database.execute(
                    "CREATE TABLE t (a int, b text)",
                    "CREATE MATERIALIZED VIEW v AS SELECT b FROM t",
                    "CREATE TABLE o (x t)");

            assertThatThrownBy(() -> Scenario.migration(database, Scenario.request("t", "ALTER a TYPE bigint"))
                            .run())
                    .isInstanceOfSatisfying(
                            RefusedException.class,
                            e -> assertThat(e.plan().problems())
                                    .extracting(problem -> problem.code())
                                    .contains(ProblemCode.NO_IDENTITY_KEY, ProblemCode.UNSUPPORTED_DEPENDENT)
                                    .hasSizeGreaterThanOrEqualTo(3));
            assertThat(Scenario.list(connection, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'walshift%'"))
                    .isEmpty();
        }
    }
}
