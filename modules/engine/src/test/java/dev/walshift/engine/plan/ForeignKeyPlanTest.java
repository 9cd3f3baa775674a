package dev.walshift.engine.plan;

import static dev.walshift.engine.plan.Bench.S;
import static dev.walshift.engine.plan.Bench.T;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.Problem;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.FollowUp;
import dev.walshift.engine.table.RelationLock;
import dev.walshift.postgres.SqlText;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;

/** What the plan says of foreign keys: the server's own word on what becomes of them, without a lock on any table but the one. */
class ForeignKeyPlanTest {
    private static final String WIDEN = "ALTER id TYPE bigint";

    private static String[] fill(String... statements) {
        return List.of(statements).stream()
                .map(statement -> statement.replace("{t}", T).replace("{s}", S))
                .toArray(String[]::new);
    }

    /** A table with foreign keys of all directions; "o o" refers to it and {@code c} is referred to. */
    private static void create(Bench bench) throws SQLException {
        bench.execute(fill(
                "CREATE TABLE {s}.c (\"k 1\" int, k2 text COLLATE \"C\", PRIMARY KEY (\"k 1\", k2))",
                "CREATE TABLE {t} (id int CONSTRAINT pk PRIMARY KEY, a int, \"b b\" text COLLATE \"C\", up int"
                    + " CONSTRAINT self REFERENCES {t} DEFERRABLE INITIALLY DEFERRED, CONSTRAINT \"ou\"\"t\" FOREIGN"
                    + " KEY (a, \"b b\") REFERENCES {s}.c MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL)",
                "CREATE TABLE {s}.\"o o\" (x int CONSTRAINT \"in; --\" REFERENCES {t} ON DELETE CASCADE, y int)",
                "ALTER TABLE {s}.\"o o\" ADD CONSTRAINT late FOREIGN KEY (y) REFERENCES {t} NOT VALID",
                "COMMENT ON CONSTRAINT \"in; --\" ON {s}.\"o o\" IS 'it''s \\ here'"));
    }

    @ParameterizedTest
    @OnMajors
    void carriesThemAll(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench);

            Blueprint blueprint =
                    bench.createShadow(Bench.alter(WIDEN, "RENAME a TO \"a\"\"2\"", "RENAME id TO \"i d\""));

            assertThat(blueprint.dependents().locks())
                    .extracting(RelationLock::statement)
                    .extracting(SqlText::sql)
                    .containsExactly(fill(
                            "LOCK TABLE ONLY {s}.\"c\" IN ACCESS EXCLUSIVE MODE",
                            "LOCK TABLE ONLY {s}.\"o o\" IN ACCESS EXCLUSIVE MODE"));
            assertThat(blueprint.dependents().detach())
                    .extracting(SqlText::sql)
                    .containsExactlyInAnyOrder(fill(
                            "ALTER TABLE {t} DROP CONSTRAINT \"self\"",
                            "ALTER TABLE {t} DROP CONSTRAINT \"ou\"\"t\"",
                            "ALTER TABLE {s}.\"o o\" DROP CONSTRAINT \"in; --\"",
                            "ALTER TABLE {s}.\"o o\" DROP CONSTRAINT \"late\""));
            assertThat(blueprint.dependents().attach())
                    .extracting(SqlText::sql)
                    .containsExactlyInAnyOrder(fill(
                            "ALTER TABLE {t} ADD CONSTRAINT \"self\" FOREIGN KEY (\"up\") REFERENCES {t} (\"i d\")"
                                    + " DEFERRABLE INITIALLY DEFERRED NOT VALID",
                            "ALTER TABLE {t} ADD CONSTRAINT \"ou\"\"t\" FOREIGN KEY (\"a\"\"2\", \"b b\") REFERENCES"
                                    + " {s}.\"c\" (\"k 1\", \"k2\") MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL NOT"
                                    + " VALID",
                            "ALTER TABLE {s}.\"o o\" ADD CONSTRAINT \"in; --\" FOREIGN KEY (\"x\") REFERENCES {t}"
                                    + " (\"i d\") ON DELETE CASCADE NOT VALID",
                            "COMMENT ON CONSTRAINT \"in; --\" ON {s}.\"o o\" IS  E'it''s \\\\ here'",
                            "ALTER TABLE {s}.\"o o\" ADD CONSTRAINT \"late\" FOREIGN KEY (\"y\") REFERENCES {t} (\"i"
                                    + " d\") NOT VALID"));
            assertThat(blueprint.dependents().followUps())
                    .extracting(FollowUp::what)
                    .containsExactlyInAnyOrder(fill(
                            "validate foreign key self of table {t}",
                            "validate foreign key ou\"t of table {t}",
                            "validate foreign key in; -- of table {s}.\"o o\""));
            assertThat(bench.strings("SELECT conname FROM pg_constraint WHERE contype = 'f' AND connamespace ="
                            + " 'walshift_1'::regnamespace"))
                    .isEmpty();
            assertThat(bench.strings("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace ="
                            + " 'walshift_1'::regnamespace"))
                    .containsExactly("Or\"der; Täble");
        }
    }

    @ParameterizedTest
    @OnMajors
    void looksAtOtherTablesWithoutALock(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version);
                Connection holder = bench.connect();
                Statement statement = holder.createStatement()) {
            create(bench);
            holder.setAutoCommit(false);
            statement.execute(fill("LOCK TABLE {s}.c, {s}.\"o o\" IN ACCESS EXCLUSIVE MODE")[0]);

            MigrationPlan plan = bench.plan(WIDEN);

            assertThat(plan.problems()).isEmpty();
        }
    }

    @ParameterizedTest
    @OnMajors
    void tellsWhichColumnsStayAsTheyWereAndWhatElseIsLocked(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench);

            assertThat(bench.plan(WIDEN, "ALTER up TYPE bigint").notices())
                    .containsExactlyInAnyOrder(fill(
                            "the swap locks what foreign keys tie to the table too, as briefly as the table itself:"
                                    + " {s}.\"c\", {s}.\"o o\"",
                            "referencing column {s}.\"o o\".\"x\" is still integer, and what it references becomes"
                                    + " bigint",
                            "referencing column {s}.\"o o\".\"y\" is still integer, and what it references becomes"
                                    + " bigint"));
        }
    }

    @ParameterizedTest
    @OnMajors
    void tellsInTheServersWordsThatTypesDoNotFit(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench);

            assertThat(bench.problems("ALTER id TYPE text, ALTER up TYPE text"))
                    .singleElement()
                    .asString()
                    .startsWith("WRONG_STATEMENT: the server rejects the change: foreign key constraint")
                    .contains("cannot be implemented: Key columns", "are of incompatible types: integer and text");
            assertThat(bench.problems("ALTER a TYPE text, " + WIDEN))
                    .singleElement()
                    .asString()
                    .contains("\"ou\"t\" cannot be implemented", "are of incompatible types: text and integer");
        }
    }

    @ParameterizedTest
    @OnMajors
    void aStatementAboutThemAloneGoesInPlace(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench);
            for (String clause : List.of(
                    "DROP CONSTRAINT self",
                    "DROP CONSTRAINT IF EXISTS \"ou\"\"t\"",
                    "RENAME CONSTRAINT self TO other",
                    "ALTER CONSTRAINT \"ou\"\"t\" DEFERRABLE",
                    // Of the same kind, so that the server need not look at the rows again.
                    "ALTER \"b b\" TYPE varchar COLLATE \"C\"")) {
                MigrationPlan plan = bench.plan(clause);
                assertThat(plan.problems()).as(clause).isEmpty();
                assertThat(plan.strategy()).as(clause).isEqualTo(Strategy.IN_PLACE);
            }
            assertThat(bench.plan("DROP CONSTRAINT self").changes())
                    .containsExactly(fill("foreign key of {t} self: dropped"));
        }
    }

    @ParameterizedTest
    @OnMajors
    void whatTheChangeDropsIsDetachedAndNotAttached(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench);

            Blueprint blueprint = bench.createShadow(Bench.alter(WIDEN, "DROP CONSTRAINT self", "DROP \"b b\""));

            assertThat(blueprint.dependents().detach()).hasSize(4);
            assertThat(blueprint.dependents().attach())
                    .extracting(SqlText::sql)
                    .noneMatch(sql -> sql.contains("\"self\"") || sql.contains("ou\"\"t"))
                    .anyMatch(sql -> sql.contains("\"in; --\""));
            assertThat(blueprint.dependents().locks()).hasSize(2);
        }
    }

    @ParameterizedTest
    @OnMajors
    void aPartitionedTableThatReferencesGetsItByItsPartitionsWhereItTakesNoUnvalidatedOne(ServerVersion version)
            throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(fill(
                    "CREATE TABLE {t} (id int PRIMARY KEY)",
                    "CREATE TABLE {s}.p (x int CONSTRAINT fk REFERENCES {t}) PARTITION BY RANGE (x)",
                    "CREATE TABLE {s}.\"p 1\" PARTITION OF {s}.p DEFAULT PARTITION BY LIST (x)",
                    "CREATE TABLE {s}.p2 PARTITION OF {s}.\"p 1\" DEFAULT"));

            Blueprint blueprint = bench.createShadow(Bench.alter(WIDEN));

            boolean byLeaf = bench.major() < 18;
            assertThat(blueprint.dependents().attach())
                    .extracting(SqlText::sql)
                    .containsExactly(fill(
                            "ALTER TABLE {s}.\"%s\" ADD CONSTRAINT \"fk\" FOREIGN KEY (\"x\") REFERENCES {t} (\"id\") NOT VALID"
                                    .formatted(byLeaf ? "p2" : "p")));
            assertThat(blueprint.dependents().followUps())
                    .extracting(FollowUp::what)
                    .containsExactly(
                            byLeaf
                                    ? fill(
                                            "validate foreign key fk of table {s}.\"p2\"",
                                            "make foreign key fk of partitioned table {s}.\"p\" from those of its"
                                                    + " partitions")
                                    : fill("validate foreign key fk of table {s}.\"p\""));
            assertThat(blueprint.dependents().followUps().getLast().locks())
                    .extracting(lock -> lock.statement().sql())
                    .containsExactly(
                            byLeaf
                                    ? fill(
                                            "LOCK TABLE ONLY {s}.\"p\" IN SHARE ROW EXCLUSIVE MODE",
                                            "LOCK TABLE ONLY {s}.\"p 1\" IN SHARE ROW EXCLUSIVE MODE",
                                            "LOCK TABLE ONLY {s}.\"p2\" IN SHARE ROW EXCLUSIVE MODE",
                                            "LOCK TABLE ONLY {t} IN ACCESS EXCLUSIVE MODE")
                                    : fill(
                                            "LOCK TABLE ONLY {s}.\"p\" IN SHARE UPDATE EXCLUSIVE MODE",
                                            "LOCK TABLE ONLY {s}.\"p 1\" IN SHARE UPDATE EXCLUSIVE MODE",
                                            "LOCK TABLE ONLY {s}.\"p2\" IN SHARE UPDATE EXCLUSIVE MODE"));
        }
    }

    @ParameterizedTest
    @OnMajors
    void onePartitionsRowsCantMoveToAnotherSoLongAsEachHasItsOwn(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(fill(
                    "CREATE TABLE {t} (id int PRIMARY KEY)",
                    "CREATE TABLE {s}.p (x int CONSTRAINT fk REFERENCES {t} ON UPDATE CASCADE, y int) PARTITION BY"
                            + " RANGE (y)",
                    "CREATE TABLE {s}.p1 PARTITION OF {s}.p DEFAULT PARTITION BY LIST ((x + 1))",
                    "CREATE TABLE {s}.p2 PARTITION OF {s}.p1 DEFAULT"));

            List<String> problems = bench.problems(WIDEN);

            if (bench.major() >= 18) {
                assertThat(problems).isEmpty();
            } else {
                assertThat(problems)
                        .containsExactly(fill("UNSUPPORTED_DEPENDENT: foreign key fk of table {s}.\"p\" changes"
                                + " columns that the table is partitioned by (ON UPDATE CASCADE, SET NULL"
                                + " or SET DEFAULT), which it can't between the swap and its validation:"
                                + " each partition has one of its own then (before PostgreSQL 18 always,"
                                + " since 18 if names differ), and no row could change its partition"));
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void namesEachRightThatIsMissing(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(fill(
                    "CREATE ROLE \"mi grator\" LOGIN REPLICATION",
                    "GRANT CREATE ON DATABASE %s TO \"mi grator\""
                            .formatted(bench.database().name()),
                    "GRANT USAGE, CREATE ON SCHEMA {s} TO \"mi grator\"",
                    "CREATE SCHEMA hidden",
                    "CREATE TABLE hidden.c (k int PRIMARY KEY)",
                    "CREATE TABLE {t} (id int PRIMARY KEY, a int REFERENCES hidden.c)",
                    "ALTER TABLE {t} OWNER TO \"mi grator\"",
                    "CREATE TABLE {s}.o (x int CONSTRAINT \"f k\" REFERENCES {t})"));
            try {
                List<Problem> problems =
                        bench.as("mi%20grator").plan(Bench.alter(WIDEN)).problems();

                String lock = bench.major() < 17 ? "UPDATE" : "MAINTAIN";
                String owner = bench.strings("SELECT current_user").getFirst();
                assertThat(problems)
                        .extracting(Problem::remedy)
                        .containsExactlyInAnyOrder(fill(
                                "GRANT \"%s\" TO \"mi grator\"".formatted(owner),
                                "GRANT REFERENCES ON \"hidden\".\"c\" TO \"mi grator\"",
                                "GRANT USAGE ON SCHEMA \"hidden\" TO \"mi grator\"",
                                "GRANT %s ON \"hidden\".\"c\" TO \"mi grator\"".formatted(lock),
                                "GRANT %s ON {s}.\"o\" TO \"mi grator\"".formatted(lock)));
                assertThat(Bench.lines(problems))
                        .allMatch(line -> line.startsWith("MISSING_PRIVILEGE: role mi grator"));

                bench.execute(fill(
                        "GRANT USAGE ON SCHEMA hidden TO \"mi grator\"",
                        "GRANT UPDATE, REFERENCES (k) ON hidden.c TO \"mi grator\"",
                        "ALTER TABLE {s}.o OWNER TO \"mi grator\""));
                assertThat(bench.as("mi%20grator").plan(Bench.alter(WIDEN)).problems())
                        .isEmpty();
            } finally {
                bench.execute("DROP OWNED BY \"mi grator\" CASCADE", "DROP ROLE \"mi grator\"");
            }
        }
    }

    @ParameterizedTest
    @OnMajors
    void wherePartitionsGetTheirOwnTheirOwnersAreAskedFor(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(fill(
                    "CREATE ROLE \"mi grator\" LOGIN REPLICATION",
                    "GRANT CREATE ON DATABASE %s TO \"mi grator\""
                            .formatted(bench.database().name()),
                    "GRANT USAGE, CREATE ON SCHEMA {s} TO \"mi grator\"",
                    "CREATE TABLE {t} (id int PRIMARY KEY)",
                    "ALTER TABLE {t} OWNER TO \"mi grator\"",
                    "CREATE TABLE {s}.p (x int CONSTRAINT fk REFERENCES {t}) PARTITION BY RANGE (x)",
                    "CREATE TABLE {s}.p1 PARTITION OF {s}.p DEFAULT",
                    "ALTER TABLE {s}.p OWNER TO \"mi grator\""));
            try {
                List<String> wanted = new ArrayList<>();
                wanted.add(fill("GRANT %s ON {s}.\"p1\" TO \"mi grator\""
                        .formatted(bench.major() < 17 ? "UPDATE" : "MAINTAIN"))[0]);
                if (bench.major() < 18) {
                    wanted.add("GRANT \"%s\" TO \"mi grator\""
                            .formatted(bench.strings("SELECT current_user").getFirst()));
                }

                assertThat(bench.as("mi%20grator").plan(Bench.alter(WIDEN)).problems())
                        .extracting(Problem::remedy)
                        .containsExactlyInAnyOrderElementsOf(wanted);
            } finally {
                bench.execute("DROP OWNED BY \"mi grator\" CASCADE", "DROP ROLE \"mi grator\"");
            }
        }
    }
}
