package dev.walshift.engine.plan;

import static dev.walshift.engine.plan.Bench.S;
import static dev.walshift.engine.plan.Bench.T;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.KeyColumn;
import dev.walshift.engine.table.ReplicaIdentity;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlText;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;

class KeyChooserTest {
    private static final String TABLE = "CREATE TABLE " + T
            + " (a int PRIMARY KEY, b int NOT NULL, c int NOT NULL, d int, n text NOT NULL, filler uuid)";
    private static final String NO_KEY = "NO_IDENTITY_KEY: table " + T + " has no key that tells its rows apart";
    private static final String CHANGE = "ALTER filler TYPE text";

    /** @param index that must become the source's replica identity */
    private record Case(List<String> setup, String clause, List<String> key, Optional<String> index) {
        Case(List<String> setup, List<String> key, String index) {
            this(setup, CHANGE, key, Optional.of(index).filter(name -> !name.isEmpty()));
        }
    }

    private static final List<Case> CASES = List.of(
            new Case(List.of(), List.of("a"), ""),
            new Case(List.of("CREATE UNIQUE INDEX u ON {t} (b)"), List.of("a"), ""),
            new Case(
                    List.of("CREATE UNIQUE INDEX u ON {t} (c, b)", "ALTER TABLE {t} REPLICA IDENTITY USING INDEX u"),
                    List.of("c", "b"),
                    ""),
            new Case(List.of("ALTER TABLE {t} REPLICA IDENTITY FULL"), List.of("a"), ""),
            new Case(
                    List.of(
                            "ALTER TABLE {t} DROP CONSTRAINT p",
                            "CREATE UNIQUE INDEX u ON {t} (b)",
                            "ALTER TABLE {t} REPLICA IDENTITY FULL"),
                    List.of("b"),
                    ""),
            new Case(List.of("ALTER TABLE {t} REPLICA IDENTITY NOTHING"), List.of("a"), "p"),
            new Case(
                    List.of("ALTER TABLE {t} DROP CONSTRAINT p", "CREATE UNIQUE INDEX u ON {t} (b, c)"),
                    List.of("b", "c"),
                    "u"),
            // The server does not take a deferrable primary key for a replica identity.
            new Case(
                    List.of(
                            "ALTER TABLE {t} DROP CONSTRAINT p, ADD CONSTRAINT p PRIMARY KEY (a) DEFERRABLE",
                            "CREATE UNIQUE INDEX u ON {t} (b)"),
                    List.of("b"),
                    "u"),
            // The index that was the replica identity is gone: the WAL tells nothing.
            new Case(
                    List.of(
                            "CREATE UNIQUE INDEX u ON {t} (b)",
                            "ALTER TABLE {t} REPLICA IDENTITY USING INDEX u",
                            "DROP INDEX {s}.u"),
                    List.of("a"),
                    "p"),
            // Where the choice is free, a key that survives is chosen.
            new Case(
                    List.of("ALTER TABLE {t} REPLICA IDENTITY FULL", "CREATE UNIQUE INDEX u ON {t} (b)"),
                    CHANGE + ", DROP a",
                    List.of("b"),
                    Optional.empty()),
            // The new index may have the columns in another order.
            new Case(
                    List.of("CREATE UNIQUE INDEX u ON {t} (c, b)", "ALTER TABLE {t} REPLICA IDENTITY USING INDEX u"),
                    CHANGE + ", DROP CONSTRAINT p, ADD PRIMARY KEY (b, c)",
                    List.of("c", "b"),
                    Optional.empty()));

    /** None of these tells rows apart. */
    private static final List<List<String>> WITHOUT = List.of(
            List.of(),
            List.of("CREATE UNIQUE INDEX u ON {t} (b) WHERE c > 0"),
            List.of("CREATE UNIQUE INDEX u ON {t} (abs(b))"),
            List.of("CREATE UNIQUE INDEX u ON {t} (b, d)"),
            List.of("CREATE INDEX u ON {t} (b)"),
            List.of("CREATE UNIQUE INDEX u ON {t} (n COLLATE \"POSIX\")"),
            List.of("ALTER TABLE {t} ADD UNIQUE (b) DEFERRABLE"),
            List.of("ALTER TABLE {t} ADD EXCLUDE USING btree (b WITH =)"));

    private static void create(Bench bench, List<String> setup) throws SQLException {
        bench.reset();
        bench.execute(TABLE, "ALTER TABLE " + T + " RENAME CONSTRAINT \"Or\"\"der; Täble_pkey\" TO p");
        bench.execute(setup.stream()
                .map(sql -> sql.replace("{t}", T).replace("{s}", S))
                .toArray(String[]::new));
    }

    @ParameterizedTest
    @OnMajors
    void followsTheReplicaIdentity(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            for (Case it : CASES) {
                create(bench, it.setup);

                Blueprint blueprint = bench.createShadow(Bench.alter(it.clause));

                assertThat(blueprint.key().columns())
                        .as(it.setup.toString())
                        .extracting(column -> column.source().name())
                        .isEqualTo(it.key);
                assertThat(blueprint.sourceTree().heaps().getFirst().replicaIdentityIndex())
                        .as(it.setup.toString())
                        .isEqualTo(it.index.map(Identifier::new));
                assertThat(blueprint.indexes().getFirst().create().map(SqlText::sql))
                        .as("the key's index is built first: " + it.setup)
                        .hasValueSatisfying(sql -> assertThat(columns(sql)).hasSameElementsAs(it.key));
                bench.execute("DROP SCHEMA " + Bench.SHADOW.sql() + " CASCADE");
            }
        }
    }

    /** The columns of CREATE INDEX ... USING btree (a, b). */
    private static List<String> columns(String sql) {
        return List.of(
                sql.substring(sql.lastIndexOf('(') + 1, sql.lastIndexOf(')')).split(", ", -1));
    }

    @ParameterizedTest
    @OnMajors
    void refusesIndexesThatDoNotTellRowsApart(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            for (List<String> setup : WITHOUT) {
                List<String> all = new ArrayList<>(List.of("ALTER TABLE {t} DROP CONSTRAINT p"));
                all.addAll(setup);
                create(bench, all);

                assertThat(bench.problems("ADD x uuid DEFAULT gen_random_uuid()"))
                        .as(setup.toString())
                        .containsExactly(NO_KEY);
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void tellsTheReplicaIdentityToRestore(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench, List.of("ALTER TABLE {t} REPLICA IDENTITY NOTHING"));

            Blueprint blueprint = bench.createShadow(Bench.alter(CHANGE));

            assertThat(blueprint.sourceTree().heaps().getFirst().replicaIdentity())
                    .isEqualTo(new ReplicaIdentity(ReplicaIdentity.Kind.NOTHING, Optional.empty()));
            assertThat(blueprint
                            .sourceTree()
                            .heaps()
                            .getFirst()
                            .replicaIdentity()
                            .clause()
                            .sql())
                    .isEqualTo("NOTHING");
            assertThat(new ReplicaIdentity(ReplicaIdentity.Kind.INDEX, Optional.of(new Identifier("I")))
                            .clause()
                            .sql())
                    .isEqualTo("USING INDEX \"I\"");
        }
    }

    /** Setup is the key column's type; {s} stands for the schema. */
    private record Conversion(String from, String to, boolean oneToOne) {}

    private static final List<Conversion> CONVERSIONS = List.of(
            new Conversion("smallint", "bigint", true),
            new Conversion("bigint", "integer", true),
            new Conversion("integer", "numeric", true),
            new Conversion("integer", "numeric(12,2)", true),
            new Conversion("integer", "text", true),
            new Conversion("integer", "varchar(11)", true),
            new Conversion("integer", "varchar(10)", false),
            new Conversion("integer", "char(20)", false),
            new Conversion("integer", "real", false),
            new Conversion("uuid", "text", true),
            new Conversion("uuid", "varchar(36)", true),
            new Conversion("uuid", "varchar(35)", false),
            new Conversion("{s}.mood", "text", true),
            new Conversion("{s}.mood", "varchar(5)", false),
            new Conversion("varchar(10)", "varchar(20)", true),
            new Conversion("varchar(10)", "text", true),
            new Conversion("varchar(10)", "varchar(5)", false),
            new Conversion("text", "varchar", true),
            new Conversion("text", "varchar(100)", false),
            new Conversion("char(3)", "text", true),
            new Conversion("char(3)", "char(5)", true),
            new Conversion("varchar(3)", "char(3)", false),
            new Conversion("text", "text COLLATE \"POSIX\"", true),
            new Conversion("text", "text COLLATE {s}.loose", false),
            new Conversion("text COLLATE {s}.loose", "text COLLATE {s}.loose", true),
            new Conversion("text COLLATE {s}.loose", "varchar COLLATE {s}.loose", false),
            new Conversion("numeric(10,2)", "numeric(12,2)", true),
            new Conversion("numeric(10,2)", "numeric(12,3)", true),
            new Conversion("numeric(10,2)", "numeric", true),
            new Conversion("numeric(10,2)", "numeric(10,1)", false),
            new Conversion("numeric", "numeric(10,2)", false),
            new Conversion("{s}.small", "integer", true),
            new Conversion("integer", "{s}.small", true),
            new Conversion("{s}.small", "bigint", true),
            new Conversion("date", "timestamp", true),
            new Conversion("timestamp", "date", false),
            new Conversion("timestamp(3)", "timestamp(0)", false));

    @ParameterizedTest
    @OnMajors
    void acceptsOnlyConversionsThatKeepKeysApart(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE TYPE " + S + ".mood AS ENUM ('a')",
                    "CREATE DOMAIN " + S + ".small AS int CHECK (value < 10)",
                    "CREATE COLLATION " + S
                            + ".loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
            List<String> wrong = new ArrayList<>();
            for (Conversion it : CONVERSIONS) {
                bench.execute(
                        "DROP TABLE IF EXISTS " + T,
                        "CREATE TABLE %s (k %s PRIMARY KEY)".formatted(T, it.from.replace("{s}", S)));
                List<String> problems = bench.problems(
                        "ALTER k TYPE %s, ADD x uuid DEFAULT gen_random_uuid()".formatted(it.to.replace("{s}", S)));
                boolean refused = problems.size() == 1 && problems.getFirst().contains("could make two keys one");
                if (it.oneToOne ? !problems.isEmpty() : !refused) {
                    wrong.add(it + ": " + problems);
                }
            }
            assertThat(wrong).isEmpty();
        }
    }

    @ParameterizedTest
    @OnMajors
    void keepsKeysInTheSourcesOwnTypesAndMapsThemToTheTargets(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute("CREATE TABLE " + T
                    + " (\"K 1\" char(3) COLLATE \"C\", k2 int, k3 numeric(6,2), v uuid, PRIMARY KEY (k2, \"K"
                    + " 1\", k3))");

            Blueprint blueprint = bench.createShadow(Bench.alter(
                    "ALTER \"K 1\" TYPE text COLLATE \"POSIX\"", "RENAME k2 TO \"K 2\"", "ALTER \"K 2\" TYPE bigint"));

            assertThat(blueprint.key().columns())
                    .extracting(KeyChooserTest::describe)
                    .containsExactly(
                            "k2 integer -> K 2 CAST(\"k2\" AS bigint)",
                            "K 1 character(3) COLLATE \"pg_catalog\".\"C\" -> K 1 CAST(\"K 1\" AS text) COLLATE"
                                    + " \"pg_catalog\".\"POSIX\"",
                            "k3 numeric(6,2) -> k3 CAST(\"k3\" AS numeric(6,2))");
            assertThat(blueprint.indexes().getFirst().name()).isEqualTo(new Identifier("Or\"der; Täble_pkey"));
        }
    }

    private static String describe(KeyColumn column) {
        return "%s %s -> %s %s".formatted(column.source(), column.type(), column.target(), column.mapped());
    }

    @ParameterizedTest
    @OnMajors
    void acceptsAUsingOnTheKeyThatSaysThePlainConversion(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute("CREATE TABLE " + T + " (id int PRIMARY KEY, b int)");

            assertThat(bench.problems("ALTER id TYPE bigint USING id::bigint")).isEmpty();
            assertThat(bench.problems("ALTER id TYPE bigint USING id")).isEmpty();
            assertThat(bench.problems("RENAME id TO i, ALTER i TYPE text USING CAST(\"Or\"\"der; Täble\".i AS text)"))
                    .isEmpty();
            assertThat(bench.problems("ALTER id TYPE bigint USING b")).hasSize(1);
        }
    }
}
