package dev.walshift.engine.plan;

import static dev.walshift.engine.plan.Bench.S;
import static dev.walshift.engine.plan.Bench.T;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** Owner and rights stay what they were, whoever migrates and whatever the defaults for new objects are. */
class OwnershipTest {
    private static final String RIGHTS = "SELECT x.grantee::regrole || ' ' || x.privilege_type"
            + " FROM pg_class c, aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) x"
            + " WHERE c.oid = '%s'::regclass AND x.privilege_type IN ('SELECT', 'INSERT', 'DELETE') ORDER BY 1";
    private static final String OWNER = "SELECT relowner::regrole::text FROM pg_class WHERE oid = '%s'::regclass";

    @ParameterizedTest
    @OnMajors
    void worksForARoleThatIsNoSuperuserOnATableOfAnother(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE ROLE \"ow ner\"",
                    "CREATE ROLE migrator LOGIN REPLICATION IN ROLE \"ow ner\"",
                    "CREATE ROLE reader",
                    "GRANT CREATE ON DATABASE %s TO migrator"
                            .formatted(bench.database().name()),
                    "GRANT USAGE, CREATE ON SCHEMA %s TO migrator, \"ow ner\"".formatted(S),
                    "SET ROLE \"ow ner\"; CREATE TABLE %s (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, b text)"
                            .formatted(T),
                    "SET ROLE \"ow ner\"; CREATE STATISTICS %s.st ON id, b FROM %s".formatted(S, T),
                    "GRANT SELECT ON %s TO reader".formatted(T),
                    "SET ROLE migrator; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO reader",
                    "SET ROLE migrator; ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO PUBLIC",
                    "SET ROLE migrator; ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM migrator",
                    "SET ROLE migrator; ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO reader");
            try {
                Bench asMigrator = bench.as("migrator");
                assertThat(asMigrator.plan(Bench.alter("ALTER id TYPE bigint")).problems())
                        .isEmpty();

                Blueprint blueprint = asMigrator.createShadow(Bench.alter("ALTER id TYPE bigint"));

                String shadow = blueprint.shadow().sql();
                assertThat(bench.strings(OWNER.formatted(shadow))).containsExactly("\"ow ner\"");
                assertThat(bench.strings(RIGHTS.formatted(shadow)))
                        .containsExactly(
                                "\"ow ner\" DELETE", "\"ow ner\" INSERT", "\"ow ner\" SELECT", "reader SELECT");
                assertThat(bench.strings("SELECT has_sequence_privilege('reader', '%s', 'USAGE')::text"
                                .formatted(blueprint
                                        .sequences()
                                        .getFirst()
                                        .shadow()
                                        .sql())))
                        .containsExactly("false");
                assertThat(bench.strings("SELECT stxowner::regrole::text FROM pg_statistic_ext"))
                        .containsExactly("\"ow ner\"", "\"ow ner\"");
                asMigrator.swap(blueprint);
                assertThat(bench.strings(OWNER.formatted(T))).containsExactly("\"ow ner\"");
            } finally {
                for (String role : List.of("reader", "migrator", "\"ow ner\"")) {
                    bench.execute("DROP OWNED BY %s CASCADE".formatted(role), "DROP ROLE " + role);
                }
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void needsToActAsTheOwnersOfViewsAndRoutines(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE ROLE migrator LOGIN REPLICATION",
                    "GRANT CREATE ON DATABASE %s TO migrator"
                            .formatted(bench.database().name()),
                    "CREATE SCHEMA \"re ports\"",
                    "GRANT USAGE, CREATE ON SCHEMA %s TO migrator".formatted(S),
                    "GRANT USAGE ON SCHEMA \"re ports\" TO migrator",
                    "CREATE TABLE %s (id int PRIMARY KEY)".formatted(T),
                    "ALTER TABLE %s OWNER TO migrator".formatted(T),
                    "CREATE VIEW %s.v AS SELECT id FROM %s".formatted(S, T),
                    "CREATE FUNCTION \"re ports\".f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM %s; END"
                            .formatted(T));
            try {
                assertThat(bench.as("migrator").plan("ALTER id TYPE bigint").problems())
                        .extracting(problem -> problem.code() + ": " + problem.message() + "; " + problem.remedy())
                        .containsExactlyInAnyOrder(
                                "MISSING_PRIVILEGE: role migrator does not own view %s.v, which is bound to the table; GRANT \"postgres\" TO \"migrator\""
                                        .formatted(S),
                                "MISSING_PRIVILEGE: role migrator does not own function \"re ports\".f(), which is"
                                        + " bound to the table; GRANT \"postgres\" TO \"migrator\"",
                                "MISSING_PRIVILEGE: role migrator may not create anything in schema re ports, where"
                                        + " function \"re ports\".f() is; GRANT CREATE ON SCHEMA \"re ports\" TO"
                                        + " \"migrator\"");
            } finally {
                bench.execute("DROP OWNED BY migrator CASCADE", "DROP ROLE migrator");
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void keepsOthersGrantsAsTheOwners(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE TABLE %s (id int PRIMARY KEY)".formatted(T),
                    "GRANT USAGE ON SCHEMA %s TO pg_monitor".formatted(S),
                    "GRANT SELECT ON %s TO pg_monitor WITH GRANT OPTION".formatted(T),
                    "SET ROLE pg_monitor; GRANT SELECT ON %s TO pg_signal_backend".formatted(T));

            assertThat(bench.plan("ALTER id TYPE bigint").notices())
                    .containsExactly("SELECT granted by pg_monitor will count as granted by the owner");
            Blueprint blueprint = bench.createShadow(Bench.alter("ALTER id TYPE bigint"));

            assertThat(bench.strings(RIGHTS.formatted(blueprint.shadow().sql())))
                    .contains("pg_monitor SELECT", "pg_signal_backend SELECT");
        }
    }

    @Test
    void keepsTablespacesWhateverTheDefaultIs() throws SQLException {
        try (PostgresServer server =
                        PostgresServer.start(PostgresServer.defaultMajors().getLast());
                Bench bench = Bench.open(server)) {
            try (Connection connection = bench.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute("SET allow_in_place_tablespaces = on");
                statement.execute("CREATE TABLESPACE \"for tables\" LOCATION ''");
                statement.execute("CREATE TABLESPACE \"for indexes\" LOCATION ''");
            }
            bench.execute("ALTER DATABASE %s SET default_tablespace = 'for tables'"
                    .formatted(bench.database().name()));
            for (String tablespace : List.of("pg_default", "\"for tables\"")) {
                createIn(bench, tablespace);
                List<String> before = bench.strings(TABLESPACES.formatted(T));
                assertThat(before).contains("plain -", "ex for indexes");

                Blueprint blueprint = bench.createShadow(Bench.alter("ALTER c TYPE bigint"));
                bench.swap(blueprint);

                assertThat(bench.strings(TABLESPACES.formatted(T))).isEqualTo(before);
                bench.execute(
                        "DROP SCHEMA %s CASCADE".formatted(Bench.SHADOW.sql()),
                        "DROP SCHEMA %s CASCADE".formatted(Bench.RETIRED.sql()));
            }
            assertThat(bench.plan("SET TABLESPACE pg_default").strategy()).isEqualTo(Strategy.SHADOW);
        }
    }

    private static final String TABLESPACES = """
        SELECT c.relname || ' ' || COALESCE(s.spcname, '-')
          FROM pg_class c LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
         WHERE c.oid = '%1$s'::regclass OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = '%1$s'::regclass)
         ORDER BY 1
        """;

    private static void createIn(Bench bench, String tablespace) throws SQLException {
        bench.reset();
        bench.execute(
                "CREATE TABLE %s (id int PRIMARY KEY USING INDEX TABLESPACE \"for indexes\", b int, c int) TABLESPACE %s"
                        .formatted(T, tablespace),
                "SET default_tablespace = ''; CREATE INDEX plain ON %s (b)".formatted(T),
                "ALTER TABLE %s ADD CONSTRAINT ex EXCLUDE USING btree (b WITH =) USING INDEX TABLESPACE \"for indexes\""
                        .formatted(T));
    }
}
