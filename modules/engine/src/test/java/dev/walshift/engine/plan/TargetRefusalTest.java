package dev.walshift.engine.plan;

import static dev.walshift.engine.plan.Bench.T;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.postgres.Identifier;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;

/** What the new table's own DDL may not be is refused by name, while others use the table and one beside it. */
class TargetRefusalTest {
    private static final String SOURCE =
            "CREATE TABLE {t} (id int PRIMARY KEY, b int, c text, at timestamptz NOT NULL)";
    private static final String OTHER = "CREATE TABLE {s}.other (x int PRIMARY KEY, y int)";
    private static final String FULL = "CREATE TABLE {n} (id int PRIMARY KEY, b int, c text, at timestamptz)";
    private static final String PARTED =
            "CREATE TABLE {n} (id int, b int, c text, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)";

    /**
     * @param source statements that make it
     * @param expected code and message of each problem
     */
    private record Case(List<String> source, String ddl, Map<Identifier, String> using, List<String> expected) {
        Case(String ddl, String... expected) {
            this(List.of(SOURCE), ddl, Map.of(), List.of(expected));
        }

        Case of(String... statements) {
            return new Case(List.of(statements), ddl, using, expected);
        }

        Case using(String column, String expression) {
            return new Case(source, ddl, Map.of(new Identifier(column), expression), expected);
        }
    }

    private static final List<Case> CASES = List.of(
            // Kinds of statements
            new Case(FULL + "; BEGIN", "UNSUPPORTED_CHANGE: BEGIN: the file runs in a transaction of walshift's own"),
            new Case(
                    FULL + "; commit work",
                    "UNSUPPORTED_CHANGE: commit work: the file runs in a transaction of walshift's own"),
            new Case(
                    FULL + "; DROP TABLE {s}.other",
                    "UNSUPPORTED_CHANGE: DROP TABLE {s}.other: DROP TABLE can't be part of the new table's DDL"),
            new Case(
                    FULL + "; INSERT INTO {n} SELECT 1",
                    "UNSUPPORTED_CHANGE: INSERT INTO {n} SELECT 1: INSERT INTO can't be part of the new table's DDL"),
            new Case(
                    FULL + "; DO $$ BEGIN DELETE FROM other; END $$",
                    "UNSUPPORTED_CHANGE: DO $$ BEGIN DELETE FROM other; END $$: DO can't be part of the new table's"
                            + " DDL"),
            new Case(
                    FULL + "; CREATE TRIGGER x BEFORE INSERT ON {n} EXECUTE FUNCTION f()",
                    "UNSUPPORTED_CHANGE: CREATE TRIGGER x BEFORE INSERT ON {n} EXECUTE FUNCTION f(): CREATE TRIGGER"
                            + " can't be part of the new table's DDL"),
            new Case(
                    FULL + "; CREATE SEQUENCE q",
                    "UNSUPPORTED_CHANGE: CREATE SEQUENCE q: CREATE SEQUENCE can't be part of the new table's DDL"),
            new Case(
                    "SET search_path = public;" + FULL,
                    "UNSUPPORTED_CHANGE: SET search_path = public: settings would go on in walshift's own transaction"),
            new Case(
                    FULL + "; GRANT ALL ON {n} TO PUBLIC",
                    "UNSUPPORTED_CHANGE: GRANT ALL ON {n} TO PUBLIC: the new table gets the access rights of the"
                            + " present one"),
            new Case(
                    "CREATE UNLOGGED TABLE {n} (id int PRIMARY KEY)",
                    "UNSUPPORTED_CHANGE: CREATE UNLOGGED TABLE {n} (id int PRIMARY KEY): the new table is logged, as"
                            + " the present one is"),
            new Case(
                    "CREATE TEMP TABLE {n} (id int PRIMARY KEY)",
                    "UNSUPPORTED_CHANGE: CREATE TEMP TABLE {n} (id int PRIMARY KEY): CREATE TEMP can't be part of the"
                            + " new table's DDL"),
            new Case(
                    "CREATE TABLE {n} AS SELECT * FROM other",
                    "UNSUPPORTED_CHANGE: CREATE TABLE {n} AS SELECT * FROM other: the new table can be no child, typed"
                            + " table or query's result"),
            new Case(
                    "CREATE TABLE {n} () INHERITS (other)",
                    "UNSUPPORTED_CHANGE: CREATE TABLE {n} () INHERITS (other): the new table can be no child, typed"
                            + " table or query's result"),
            new Case(
                    "CREATE TABLE {n} (id int PRIMARY KEY, b int REFERENCES other)",
                    "UNSUPPORTED_CHANGE: CREATE TABLE {n} (id int PRIMARY KEY, b int REFERENCES other): it makes a"
                            + " foreign key, which would stand in the application's way while the rows are copied"),
            new Case(
                    FULL + "; CREATE INDEX CONCURRENTLY ON {n} (b)",
                    "UNSUPPORTED_CHANGE: CREATE INDEX CONCURRENTLY ON {n} (b): CONCURRENTLY does not go with a"
                            + " transaction"),
            new Case(
                    FULL + "; ALTER TABLE {n} ADD CHECK (b > 0), OWNER TO postgres",
                    "UNSUPPORTED_CHANGE: ALTER TABLE {n} ADD CHECK (b > 0), OWNER TO postgres: walshift can't make"
                            + " this change on the new table"),
            new Case(
                    FULL + "; ALTER TABLE {n} SET SCHEMA public",
                    "UNSUPPORTED_CHANGE: ALTER TABLE {n} SET SCHEMA public: walshift can't make this change on the new"
                            + " table"),
            new Case("-- nothing; at all", "WRONG_STATEMENT: the new table's DDL holds no statement"),
            new Case("CREATE TABLE x (a", "WRONG_STATEMENT: the new table's DDL can't be read: a bracket is left open"),
            // Others' things
            new Case(
                    "CREATE TABLE public.x (a int)",
                    "UNSUPPORTED_CHANGE: CREATE TABLE public.x (a int): it names a schema"),
            new Case(
                    FULL + "; ALTER TABLE {s}.other ADD z int",
                    "UNSUPPORTED_CHANGE: ALTER TABLE {s}.other ADD z int: it names a schema"),
            new Case(
                    "ALTER TABLE {n} ADD z int",
                    "WRONG_STATEMENT: ALTER TABLE {n} ADD z int: the file has not made Or\"der; Täble"),
            new Case(
                    FULL + "; ALTER TABLE IF EXISTS ONLY other ADD z int",
                    "WRONG_STATEMENT: ALTER TABLE IF EXISTS ONLY other ADD z int: the file has not made other"),
            new Case(
                    FULL + "; CREATE INDEX ON other (y)",
                    "WRONG_STATEMENT: CREATE INDEX ON other (y): the file has not made other"),
            new Case(
                    FULL + "; CREATE STATISTICS st ON x, y FROM other",
                    "WRONG_STATEMENT: CREATE STATISTICS st ON x, y FROM other: the file has not made other"),
            new Case(
                    FULL + "; ALTER INDEX other_pkey SET (fillfactor = 50)",
                    "WRONG_STATEMENT: ALTER INDEX other_pkey SET (fillfactor = 50): the file has not made other_pkey"),
            new Case(
                    FULL + "; COMMENT ON COLUMN other.x IS 'x'",
                    "WRONG_STATEMENT: COMMENT ON COLUMN other.x IS 'x': the file has not made other"),
            new Case(
                    FULL + "; COMMENT ON COLUMN {s}.other.x IS 'x'",
                    "UNSUPPORTED_CHANGE: COMMENT ON COLUMN {s}.other.x IS 'x': it names a schema"),
            new Case(
                    FULL + "; COMMENT ON CONSTRAINT other_pkey ON other IS 'x'",
                    "WRONG_STATEMENT: COMMENT ON CONSTRAINT other_pkey ON other IS 'x': the file has not made other"),
            new Case(
                    PARTED + "; ALTER TABLE {n} ATTACH PARTITION other DEFAULT",
                    "WRONG_STATEMENT: ALTER TABLE {n} ATTACH PARTITION other DEFAULT: the file has not made other"),
            new Case(
                    FULL + "; CREATE TABLE third (a int)",
                    "WRONG_STATEMENT: the file makes or changes something beside table Or\"der; Täble: table"
                            + " {p}.third"),
            new Case(
                    "CREATE TABLE {n} (id int PRIMARY KEY, b int GENERATED ALWAYS AS IDENTITY"
                            + " (SEQUENCE NAME {s}.elsewhere))",
                    "WRONG_STATEMENT: the file makes or changes something beside table Or\"der; Täble: sequence"
                            + " {s}.elsewhere"),
            new Case("CREATE TABLE \"an other\" (a int)", "WRONG_STATEMENT: the file makes no table Or\"der; Täble"),
            // Names
            new Case(
                    PARTED + "; CREATE TABLE other PARTITION OF {n} DEFAULT",
                    "UNSUPPORTED_CHANGE: schema Sché\"ma; -- already has something called other, a name that the"
                            + " changed table needs",
                    "UNSUPPORTED_CHANGE: schema Sché\"ma; -- already has something called _other, a name that the"
                            + " changed table needs",
                    "UNSUPPORTED_CHANGE: schema Sché\"ma; -- already has something called other_pkey, a name that the"
                            + " changed table needs"),
            new Case(
                    FULL + "; CREATE STATISTICS sta ON b, at FROM {n}",
                    "UNSUPPORTED_CHANGE: schema Sché\"ma; -- already has something called sta, a name that the changed"
                            + " table needs"),
            // What does not fit
            new Case(
                    "CREATE TABLE {n} (id int PRIMARY KEY, b int, c int, at boolean)",
                    "WRONG_STATEMENT: column c of the new table: column \"c\" is of type integer but expression is of"
                        + " type text; column at of the new table: column \"at\" is of type boolean but expression is"
                        + " of type timestamp with time zone"),
            new Case(
                            "CREATE TABLE {n} (id int PRIMARY KEY, b int, c int, at timestamptz)",
                            "WRONG_STATEMENT: column c of the new table: column \"c\" is of type integer but"
                                    + " expression is of type timestamp with time zone")
                    .using("c", "at"),
            new Case(
                            FULL,
                            "WRONG_STATEMENT: a USING expression is given for column d, which the new table does not"
                                    + " have")
                    .using("d", "b"),
            new Case(FULL, "WRONG_STATEMENT: the server can't read the USING expression of column c: (SELECT 1)")
                    .using("c", "(SELECT 1)"),
            new Case(
                            "CREATE TABLE {n} (id int PRIMARY KEY, b int GENERATED ALWAYS AS (id + 1) STORED, c text)",
                            "WRONG_STATEMENT: a USING expression is given for column b, which is generated")
                    .using("b", "id"),
            new Case(
                            "CREATE TABLE {n} (id int PRIMARY KEY, b int, z int NOT NULL)",
                            "WRONG_STATEMENT: new column z is NOT NULL, but nothing gives the present rows a value")
                    .of(SOURCE, "INSERT INTO {t} VALUES (1, 1, '', now())"),
            new Case(
                    "CREATE TABLE {n} (id int PRIMARY KEY, b nix)",
                    "WRONG_STATEMENT: the server rejects the new table's DDL: type \"nix\" does not exist (SQLSTATE"
                            + " 42704), in: CREATE TABLE {n} (id int PRIMARY KEY, b nix)"),
            new Case(
                    FULL + "; ALTER TABLE {n} ADD CONSTRAINT later CHECK (b > 0) NOT VALID",
                    "UNSUPPORTED_CHANGE: constraint later is NOT VALID"),
            // What hangs on the present table and does not follow
            new Case(
                            PARTED + "; CREATE TABLE p PARTITION OF {n} DEFAULT",
                            "UNSUPPORTED_DEPENDENT: trigger tr on table {t} can't be made for the new table:"
                                + " \"Or\"der; Täble\" is a partitioned table: ROW triggers with transition tables are"
                                + " not supported on partitioned tables. (SQLSTATE 0A000)")
                    .of(
                            SOURCE,
                            "CREATE TRIGGER tr AFTER UPDATE ON {t} REFERENCING OLD TABLE AS was FOR EACH ROW EXECUTE"
                                    + " FUNCTION suppress_redundant_updates_trigger()"),
            new Case(
                            "CREATE TABLE {n} (id int, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);"
                                    + " CREATE TABLE p PARTITION OF {n} DEFAULT",
                            "UNSUPPORTED_DEPENDENT: trigger tr on table {t} uses column c, which is dropped",
                            "UNSUPPORTED_DEPENDENT: trigger up on table {t} uses column c, which is dropped")
                    .of(
                            SOURCE,
                            "CREATE TRIGGER tr BEFORE UPDATE ON {t} FOR EACH ROW WHEN (NEW.c <> '') EXECUTE FUNCTION"
                                    + " suppress_redundant_updates_trigger()",
                            "CREATE TRIGGER up BEFORE UPDATE OF c ON {t} FOR EACH ROW EXECUTE FUNCTION"
                                    + " suppress_redundant_updates_trigger()"),
            // Foreign keys that it can't have
            new Case(
                            PARTED + "; CREATE TABLE p PARTITION OF {n} DEFAULT",
                            "UNSUPPORTED_DEPENDENT: foreign key fk of table {s}.\"child\" refers to (id), which no"
                                    + " constraint of the new table makes unique",
                            "UNSUPPORTED_DEPENDENT: foreign key self of table {t} refers to (id), which no constraint"
                                    + " of the new table makes unique")
                    .of(
                            SOURCE,
                            "ALTER TABLE {t} ADD CONSTRAINT self FOREIGN KEY (b) REFERENCES {t}",
                            "CREATE TABLE {s}.child (x int CONSTRAINT fk REFERENCES {t})"),
            new Case(
                            "CREATE TABLE {n} (id int PRIMARY KEY, c text)",
                            "UNSUPPORTED_DEPENDENT: foreign key fk of table {s}.\"child\" refers to columns that the"
                                    + " new table does not have: b")
                    .of(
                            "CREATE TABLE {t} (id int PRIMARY KEY, b int, UNIQUE (id, b))",
                            "CREATE TABLE {s}.child (x int, y int, CONSTRAINT fk FOREIGN KEY (y, x) REFERENCES {t} (b,"
                                    + " id))"),
            // The key
            new Case(
                    "CREATE TABLE {n} (id int, at timestamptz)",
                    "NO_IDENTITY_KEY: after the change no unique index is left on the columns of Or\"der; Täble_pkey,"
                            + " by which rows are told apart"),
            new Case(
                    "CREATE TABLE {n} (id int, at timestamptz, PRIMARY KEY (id, at))",
                    "NO_IDENTITY_KEY: after the change no unique index is left on the columns of Or\"der; Täble_pkey,"
                            + " by which rows are told apart"),
            new Case(
                    "CREATE TABLE {n} (id int, at timestamptz, PRIMARY KEY (at, id)) PARTITION BY RANGE (at);"
                            + "CREATE TABLE p PARTITION OF {n} DEFAULT; CREATE INDEX ON {n} (id)",
                    "NO_IDENTITY_KEY: after the change no unique index is left on the columns of Or\"der; Täble_pkey,"
                            + " by which rows are told apart"),
            new Case(
                    "CREATE TABLE {n} (b int, at timestamptz)",
                    "NO_IDENTITY_KEY: column id of the identity key Or\"der; Täble_pkey is dropped"),
            // Partitions
            new Case(PARTED, "WRONG_STATEMENT: the new table is partitioned, but has no partition"),
            new Case(
                    PARTED + "; CREATE TABLE p PARTITION OF {n} DEFAULT; CREATE INDEX half ON ONLY {n} (b)",
                    "WRONG_STATEMENT: index half of the new table is not complete: partitions have no part of it"),
            new Case(
                    "CREATE TABLE {n} (id int, at timestamptz, CONSTRAINT k PRIMARY KEY (id, at) WITH (fillfactor ="
                            + " 50)) PARTITION BY RANGE (at); CREATE TABLE p PARTITION OF {n} DEFAULT",
                    "UNSUPPORTED_CHANGE: constraint k of the partitioned table has storage parameters, which walshift"
                            + " can't give it"),
            // Sequences
            new Case(
                            "CREATE TABLE {n} (id serial PRIMARY KEY)",
                            "UNSUPPORTED_CHANGE: the change makes a sequence Or\"der; Täble_id_seq, which is the name"
                                    + " of the sequence that the column has already",
                            "UNSUPPORTED_CHANGE: column id of the new table draws from a sequence of its own, which"
                                    + " would begin among the values that rows have already")
                    .of("CREATE TABLE {t} (id serial PRIMARY KEY)"),
            new Case(
                            "CREATE TABLE {n} (id serial PRIMARY KEY)",
                            "UNSUPPORTED_CHANGE: column id of the new table draws from a sequence of its own, which"
                                    + " would begin among the values that rows have already")
                    .of("CREATE TABLE {t} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)"),
            new Case(
                    "CREATE TABLE {n} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
                    "UNSUPPORTED_CHANGE: column id of the new table draws from a sequence of its own, which would"
                            + " begin among the values that rows have already"),
            new Case(
                            "CREATE TABLE {n} (id int DEFAULT nextval('q') PRIMARY KEY)",
                            "UNSUPPORTED_CHANGE: default value for column id of table {p}.{n} of the new table depends"
                                    + " on sequence {s}.q, which goes away with the present one")
                    .of("CREATE TABLE {t} (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME {s}.q) PRIMARY KEY)"));

    private static String fill(String text) {
        return Bench.fill(text).replace("{n}", Bench.TABLE.name().sql());
    }

    private static AlterRequest request(String ddl, Map<Identifier, String> using) {
        return new AlterRequest(Optional.of(T), List.of(), using, List.of()).by(fill(ddl));
    }

    /** Without the random name of the probe's schema. */
    private static List<String> lines(Bench bench, Case it) throws SQLException {
        return Bench.lines(bench.plan(request(it.ddl, it.using)).problems()).stream()
                .map(line -> line.replaceAll("walshift_probe_[0-9a-f]+", "{p}"))
                .toList();
    }

    @ParameterizedTest
    @OnMajors
    void refusesByNameBesideWriters(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            List<String> wrong = new ArrayList<>();
            for (Case it : CASES) {
                bench.execute(it.source.stream().map(TargetRefusalTest::fill).toArray(String[]::new));
                bench.execute(fill(OTHER), fill("CREATE STATISTICS {s}.sta ON x, y FROM {s}.other"));
                try (Connection writer = bench.connect();
                        Statement statement = writer.createStatement()) {
                    writer.setAutoCommit(false);
                    statement.execute(fill("LOCK TABLE {t}, {s}.other IN ROW EXCLUSIVE MODE"));
                    List<String> found = lines(bench, it);
                    List<String> expected =
                            it.expected.stream().map(TargetRefusalTest::fill).toList();
                    if (!Set.copyOf(found).equals(new LinkedHashSet<>(expected))) {
                        wrong.add("%s:\n expected %s\n found    %s".formatted(it.ddl, expected, found));
                    }
                    writer.rollback();
                }
                assertThat(bench.strings("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'walshift%'"))
                        .isEmpty();
                bench.reset();
            }
            assertThat(wrong).isEmpty();
        }
    }

    @ParameterizedTest
    @OnMajors
    void tellsInTheServersWordsWhichForeignKeyItCantHave(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    fill("CREATE TABLE {t} (id int PRIMARY KEY, b int)"),
                    fill("CREATE TABLE {s}.two (x int PRIMARY KEY)"),
                    fill("ALTER TABLE {t} ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES {s}.two"));

            assertThat(Bench.lines(bench.plan(request("CREATE TABLE {n} (id int PRIMARY KEY, b text)", Map.of()))
                            .problems()))
                    .singleElement()
                    .asString()
                    .startsWith(fill("UNSUPPORTED_DEPENDENT: the new table can't have foreign key fk of table {t}:"
                            + " foreign key constraint \"fk\" cannot be implemented (SQLSTATE 42804): Key"
                            + " columns \"b\""))
                    .endsWith("of incompatible types: text and integer.");
        }
    }

    /** A partitioned table that refers takes none before 18. */
    @ParameterizedTest
    @OnMajors
    void oneThatIsNotValidCantStaySoOnAPartitionedTable(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    fill(SOURCE),
                    fill(OTHER),
                    fill("ALTER TABLE {t} ADD CONSTRAINT late FOREIGN KEY (b) REFERENCES {s}.other NOT VALID"));

            List<String> problems =
                    Bench.lines(bench.plan(request(PARTED + "; CREATE TABLE p PARTITION OF {n} DEFAULT", Map.of()))
                            .problems());

            if (bench.major() >= 18) {
                assertThat(problems).isEmpty();
            } else {
                assertThat(problems)
                        .containsExactly(fill("UNSUPPORTED_DEPENDENT: foreign key late of table {t} is NOT VALID, and"
                                + " before PostgreSQL 18 a partitioned table can have none that is"));
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void tellsWhatBecomesOfForeignKeys(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    fill("CREATE TABLE {t} (id int, b int, at timestamptz, PRIMARY KEY (id, at))"),
                    fill(OTHER),
                    fill("ALTER TABLE {t} ADD CONSTRAINT gone FOREIGN KEY (b) REFERENCES {s}.other"),
                    fill("CREATE TABLE {s}.child (x bigint, at timestamptz, CONSTRAINT \"f; k\" FOREIGN KEY (x, at)"
                            + " REFERENCES {t} ON DELETE CASCADE)"));

            MigrationPlan plan = bench.plan(request(
                    "CREATE TABLE {n} (id bigint, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);"
                            + " CREATE TABLE p PARTITION OF {n} DEFAULT",
                    Map.of()));

            assertThat(plan.problems()).isEmpty();
            assertThat(plan.changes())
                    .contains(fill("foreign key of {t} gone: dropped"))
                    .noneMatch(change -> change.contains("f; k"));
            String move = fill("before PostgreSQL 15 an UPDATE that moves a row to another partition is a DELETE to"
                    + " foreign key f; k of table {s}.\"child\", as is its ON DELETE action");
            assertThat(plan.notices().contains(move)).isEqualTo(bench.major() < 15);
        }
    }

    @ParameterizedTest
    @OnMajors
    void tellsWhatWillBe(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    fill(SOURCE),
                    fill("ALTER TABLE {t} ADD CONSTRAINT two UNIQUE (id, b)"),
                    fill("CREATE TRIGGER \"tr 1\" BEFORE UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION"
                            + " suppress_redundant_updates_trigger()"),
                    fill("CREATE TRIGGER tr2 BEFORE UPDATE ON {t} EXECUTE FUNCTION"
                            + " suppress_redundant_updates_trigger()"));

            MigrationPlan plan = bench.plan(request(
                    PARTED + "; CREATE TABLE p PARTITION OF {n} DEFAULT; ALTER TABLE {n} ADD COLUMN day date NOT NULL",
                    Map.of(new Identifier("day"), "at")));

            assertThat(plan.problems()).isEmpty();
            assertThat(plan.strategy()).isEqualTo(Strategy.SHADOW);
            assertThat(plan.statement()).startsWith("CREATE TABLE ").endsWith("date NOT NULL");
            assertThat(plan.changes())
                    .contains("partitioned by RANGE (at), 1 tables that hold rows", "day: added, date NOT NULL");
            assertThat(plan.notices())
                    .contains(
                            "nothing in the new table makes [id] unique any more, as Or\"der; Täble_pkey does now",
                            "nothing in the new table makes [id, b] unique any more, as two does now")
                    .satisfiesOnlyOnce(notice -> assertThat(notice)
                            .startsWith(fill("trigger tr 1 on table {t} will fire on the partitions")))
                    .noneMatch(notice -> notice.contains("tr2"));
        }
    }

    @ParameterizedTest
    @OnMajors
    void aFileGoesAlone(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(fill(SOURCE));
            AlterRequest both = new AlterRequest(Optional.of(T), List.of("DROP b"), Map.of(), List.of()).by(fill(FULL));

            assertThat(Bench.lines(bench.plan(both).problems()))
                    .containsExactly(
                            "WRONG_STATEMENT: the new table's own DDL says all that there is to change, and more is"
                                    + " asked for");
        }
    }
}
