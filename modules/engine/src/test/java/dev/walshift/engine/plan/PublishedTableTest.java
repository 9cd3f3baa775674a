package dev.walshift.engine.plan;

import static dev.walshift.engine.plan.Bench.S;
import static dev.walshift.engine.plan.Bench.T;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.postgres.SqlText;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * Tables in publications of the operator's, who agreed to it: what of them can be carried, and what is
 * refused by name all the same.
 */
class PublishedTableTest {
    private static final String P = "\"We\"\"ird Püb ?\"";

    /** As messages have it. */
    private static final String NAME = "We\"ird Püb ?";

    private static final String WIDEN = "ALTER id TYPE bigint";

    private static ServerVersion newest() {
        return PostgresServer.defaultMajors().getLast();
    }

    private static MigrationPlan plan(Bench bench, String... clauses) throws SQLException {
        return bench.plan(new AlterRequest(Optional.of(T), List.of(clauses), Map.of(), List.of())
                .agreeingTo(Set.of(Consent.PUBLICATIONS)));
    }

    /** The messages of problems of one kind. */
    private static List<String> refusals(ProblemCode code, MigrationPlan plan) {
        assertThat(plan.problems()).extracting(Problem::code).containsOnly(code);
        return plan.problems().stream().map(Problem::message).toList();
    }

    private static void create(Bench bench, String columns, String publication) throws SQLException {
        bench.execute(
                "CREATE TABLE %s (%s)".formatted(T, columns), "CREATE PUBLICATION %s FOR %s".formatted(P, publication));
    }

    @ParameterizedTest
    @OnMajors
    void withoutConsentTheRemedyNamesTheOption(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench, "id int PRIMARY KEY", "TABLE " + T);

            assertThat(bench.plan(WIDEN).problems())
                    .singleElement()
                    .extracting(Problem::remedy)
                    .asString()
                    .contains("--accept-publications");
        }
    }

    @ParameterizedTest
    @OnMajors
    void allTablesAreAcceptedWithALoudNotice(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench, "id int PRIMARY KEY", "ALL TABLES");

            MigrationPlan plan = plan(bench, WIDEN);

            assertThat(plan.problems()).isEmpty();
            assertThat(plan.notices())
                    .singleElement()
                    .asString()
                    .contains(NAME, "ALL TABLES", "STOPS at the first row");
        }
    }

    /** The shadow would be published without one, and walshift could not delete from it. */
    @ParameterizedTest
    @OnMajors
    void allTablesAreRefusedForATableWithoutAReplicaIdentity(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench, "id int NOT NULL UNIQUE", "ALL TABLES");

            assertThat(refusals(ProblemCode.REPLICA_IDENTITY, plan(bench, WIDEN)))
                    .singleElement()
                    .asString()
                    .contains(NAME, "does not have a replica identity");
        }
    }

    /** Nobody updates such a table today. */
    @ParameterizedTest
    @OnMajors
    void aListedTableNeedsNoReplicaIdentityIfItHasNoneToday(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench, "id int NOT NULL UNIQUE", "TABLE " + T);

            assertThat(plan(bench, WIDEN).problems()).isEmpty();
        }
    }

    @ParameterizedTest
    @OnMajors
    void aChangeThatTakesTheReplicaIdentityAwayIsRefused(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench, "id int CONSTRAINT pk PRIMARY KEY", "TABLE " + T);

            assertThat(refusals(
                            ProblemCode.REPLICA_IDENTITY, plan(bench, WIDEN, "DROP CONSTRAINT pk", "ADD UNIQUE (id)")))
                    .singleElement()
                    .asString()
                    .contains(NAME, "does not have a replica identity");

            bench.execute("ALTER PUBLICATION %s SET (publish = 'insert, truncate')".formatted(P));
            assertThat(plan(bench, WIDEN, "DROP CONSTRAINT pk", "ADD UNIQUE (id)")
                            .problems())
                    .isEmpty();
        }
    }

    @Test
    void aColumnListThatDoesNotCoverTheNewReplicaIdentityIsRefused() throws SQLException {
        try (Bench bench = Bench.open(newest())) {
            create(bench, "id int CONSTRAINT pk PRIMARY KEY, b int NOT NULL", "TABLE %s (id)".formatted(T));
            String[] widerKey = {WIDEN, "DROP CONSTRAINT pk", "ADD UNIQUE (id)", "ADD PRIMARY KEY (id, b)"};

            assertThat(refusals(ProblemCode.REPLICA_IDENTITY, plan(bench, widerKey)))
                    .singleElement()
                    .asString()
                    .contains("Column list used by the publication does not cover the replica identity");

            bench.execute("ALTER PUBLICATION %s SET TABLE %s (id, b)".formatted(P, T));
            assertThat(plan(bench, widerKey).problems()).isEmpty();
        }
    }

    @Test
    void aRowFilterOutsideOfTheNewReplicaIdentityIsRefused() throws SQLException {
        try (Bench bench = Bench.open(newest())) {
            create(bench, "id int, b int, CONSTRAINT pk PRIMARY KEY (id, b)", "TABLE %s WHERE (b > 0)".formatted(T));
            bench.execute("CREATE UNIQUE INDEX u ON %s (id)".formatted(T));

            assertThat(refusals(
                            ProblemCode.REPLICA_IDENTITY,
                            plan(bench, WIDEN, "DROP CONSTRAINT pk", "ADD PRIMARY KEY (id)", "ADD UNIQUE (id, b)")))
                    .singleElement()
                    .asString()
                    .contains("WHERE expression is not part of the replica identity");
        }
    }

    @Test
    void columnsThatAreDroppedAreRefused() throws SQLException {
        try (Bench bench = Bench.open(newest())) {
            create(
                    bench,
                    "id int PRIMARY KEY, \"a ?\" int, \"b\"\"b\" int, c int",
                    "TABLE %s (id, \"a ?\", c) WHERE (\"b\"\"b\" > 0) WITH (publish = 'insert')".formatted(T));

            assertThat(refusals(ProblemCode.UNSUPPORTED_DEPENDENT, plan(bench, WIDEN, "DROP \"a ?\"")))
                    .containsExactly(
                            "publication %s uses column a ? of table %s, which is dropped, in its column list or row filter"
                                    .formatted(NAME, T));
            assertThat(refusals(ProblemCode.UNSUPPORTED_DEPENDENT, plan(bench, WIDEN, "DROP \"b\"\"b\"")))
                    .singleElement()
                    .asString()
                    .contains("column b\"b of table", "which is dropped");
            // They may have other names.
            assertThat(plan(
                                    bench,
                                    WIDEN,
                                    "RENAME \"b\"\"b\" TO x",
                                    "RENAME c TO \"b\"\"b\"",
                                    "RENAME \"a ?\" TO \"c ?\"")
                            .problems())
                    .isEmpty();
        }
    }

    @Test
    void aFilterOnAColumnOfAnotherTypeIsToldOf() throws SQLException {
        try (Bench bench = Bench.open(newest())) {
            create(bench, "id int PRIMARY KEY, b int", "TABLE %s WHERE (id > 5)".formatted(T));

            assertThat(plan(bench, WIDEN).notices())
                    .anyMatch(notice -> notice.contains("read anew") && notice.contains("(id > 5)"));
            assertThat(plan(bench, "ALTER b TYPE bigint").notices()).noneMatch(notice -> notice.contains("read anew"));
            assertThat(refusals(ProblemCode.REPLICA_IDENTITY, plan(bench, "ALTER id TYPE text")))
                    .singleElement()
                    .asString()
                    .contains("operator does not exist: text > integer");
        }
    }

    @ParameterizedTest
    @OnMajors
    void onlyThePublicationsOwnerMayCarryIt(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE ROLE walshift_plain LOGIN REPLICATION",
                    "CREATE ROLE \"pub owner\"",
                    "GRANT CREATE, TEMPORARY ON DATABASE %s TO walshift_plain"
                            .formatted(bench.database().name()));
            try {
                create(bench, "id int PRIMARY KEY", "TABLE " + T);
                bench.execute(
                        "GRANT CREATE, USAGE ON SCHEMA %s TO walshift_plain".formatted(S),
                        "ALTER TABLE %s OWNER TO walshift_plain".formatted(T));

                Bench plain = bench.as("walshift_plain");
                assertThat(refusals(ProblemCode.MISSING_PRIVILEGE, plan(plain, WIDEN)))
                        .containsExactly(
                                "publication %s belongs to %s, and only its owner can put the new table %s in it"
                                        .formatted(
                                                NAME, bench.database().server().user(), T));

                bench.execute(
                        "GRANT CREATE ON DATABASE %s TO \"pub owner\""
                                .formatted(bench.database().name()),
                        "ALTER PUBLICATION %s OWNER TO \"pub owner\"".formatted(P),
                        "GRANT \"pub owner\" TO walshift_plain");
                assertThat(plan(plain, WIDEN).problems()).isEmpty();
            } finally {
                bench.execute(
                        "DROP OWNED BY walshift_plain, \"pub owner\" CASCADE",
                        "DROP ROLE walshift_plain, \"pub owner\"");
            }
        }
    }

    /** Of a migration that runs, or that was left behind; the mark tells it from one that only has the name. */
    @ParameterizedTest
    @OnMajors
    void aPublicationOfOursIsNotTheOperators(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    "CREATE TABLE %s (id int PRIMARY KEY)".formatted(T),
                    "CREATE PUBLICATION walshift_7 FOR TABLE " + T);
            assertThat(bench.problems(WIDEN)).singleElement().asString().contains("in publication walshift_7");

            bench.execute("COMMENT ON PUBLICATION walshift_7 IS %s"
                    .formatted(
                            SqlText.literal("walshift migration 7, begun 1.5").sql()));
            assertThat(bench.problems(WIDEN)).isEmpty();
        }
    }

    @ParameterizedTest
    @OnMajors
    void aPlanLeavesNoPublicationBehind(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            create(bench, "id int PRIMARY KEY", "TABLE " + T);

            assertThat(plan(bench, WIDEN).problems()).isEmpty();

            assertThat(bench.strings("SELECT pubname FROM pg_publication")).hasSize(1);
        }
    }
}
