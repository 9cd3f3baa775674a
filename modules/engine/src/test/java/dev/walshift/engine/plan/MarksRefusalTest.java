package dev.walshift.engine.plan;

import static dev.walshift.engine.plan.Bench.fill;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;

/** Marks that hang on the table, its row type or its sequences and would be lost are refused by name, with the statements that end them. */
class MarksRefusalTest {
    private static final String WIDEN = "ALTER id TYPE bigint";

    @ParameterizedTest
    @OnMajors
    void namesPartsThatBelongToAnExtension(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    fill("CREATE TABLE {t} (id int PRIMARY KEY, \"b; é\" int GENERATED ALWAYS AS IDENTITY, n serial)"),
                    "CREATE EXTENSION hstore",
                    fill("ALTER EXTENSION hstore ADD TYPE {t}"),
                    fill("ALTER EXTENSION hstore ADD SEQUENCE {s}.\"Or\"\"der; Täble_b; é_seq\""),
                    // It stays itself.
                    fill("ALTER EXTENSION hstore ADD SEQUENCE {s}.\"Or\"\"der; Täble_n_seq\""));
            MigrationPlan member = bench.plan(WIDEN);
            bench.execute(
                    member.problems().getFirst().remedy().split(": ", 2)[1].split("; (?=ALTER)"));
            bench.execute(fill("ALTER EXTENSION hstore DROP SEQUENCE {s}.\"Or\"\"der; Täble_n_seq\""));

            assertThat(Bench.lines(member.problems()))
                    .containsExactly(
                            fill("UNSUPPORTED_TABLE: parts of the table belong to an extension, and would not any"
                                    + " more (sequence {s}.\"Or\"\"der; Täble_b; é_seq\" to hstore, type {t} to"
                                    + " hstore)"));
            assertThat(bench.problems(WIDEN)).isEmpty();
        }
    }

    /** No provider is at hand, so the labels are written as a provider would have them written. */
    @ParameterizedTest
    @OnMajors
    void namesMarksThatWouldBeLostWithTheStatementsThatTakeThemAway(ServerVersion version) throws SQLException {
        try (Bench bench = Bench.open(version)) {
            bench.execute(
                    fill("CREATE TABLE {t} (id int PRIMARY KEY, \"b; é\" int GENERATED ALWAYS AS IDENTITY, n serial)"),
                    "CREATE ROLE \"la bel\"",
                    fill("INSERT INTO pg_seclabel SELECT '{t}'::regclass, 'pg_class'::regclass, n, 'sé cret', 'a' || n"
                            + " FROM generate_series(0, 2, 2) n"),
                    fill("INSERT INTO pg_seclabel SELECT pg_get_serial_sequence('{t}', c)::regclass,"
                            + " 'pg_class'::regclass, 0, 'sé cret', 'of ' || c FROM unnest('{\"b; é\","
                            + " n}'::text[]) c"),
                    fill("INSERT INTO pg_seclabel SELECT reltype, 'pg_type'::regclass, 0, 'sé cret', 'type' FROM"
                            + " pg_class WHERE oid = '{t}'::regclass"));
            MigrationPlan labelled = bench.plan(WIDEN);
            MigrationPlan inPlace = bench.plan("ADD COLUMN more int");
            bench.execute(
                    "DELETE FROM pg_seclabel",
                    fill("COMMENT ON TYPE {t} IS 'a row'"),
                    fill("REVOKE USAGE ON TYPE {t} FROM PUBLIC"));
            MigrationPlan marked = bench.plan(WIDEN);
            bench.execute(fill("COMMENT ON TYPE {t} IS NULL"), fill("GRANT USAGE ON TYPE {t} TO PUBLIC, \"la bel\""));
            MigrationPlan granted = bench.plan(WIDEN);
            bench.execute(fill("REVOKE USAGE ON TYPE {t} FROM \"la bel\""), "DROP ROLE \"la bel\"");

            assertThat(Bench.lines(labelled.problems()))
                    .containsExactly(fill("UNSUPPORTED_TABLE: security labels are not carried over ("
                            + "sé cret: a0 on table {t}, sé cret: a2 on column b; é of table {t},"
                            + " sé cret: of b; é on sequence {s}.\"Or\"\"der; Täble_b; é_seq\","
                            + " sé cret: type on type {t})"));
            assertThat(labelled.problems().getFirst().remedy())
                    .contains(
                            fill("SECURITY LABEL FOR \"sé cret\" ON TYPE {t} IS NULL"),
                            fill("SECURITY LABEL FOR \"sé cret\" ON TABLE {t} IS NULL"),
                            fill("SECURITY LABEL FOR \"sé cret\" ON COLUMN {t}.\"b; é\" IS NULL"),
                            fill("SECURITY LABEL FOR \"sé cret\" ON SEQUENCE {s}.\"Or\"\"der; Täble_b; é_seq\" IS"
                                    + " NULL"));
            assertThat(inPlace.problems()).isEmpty();
            assertThat(Bench.lines(marked.problems()))
                    .containsExactly(
                            fill("UNSUPPORTED_TABLE: what the table's row type has for itself is not carried over"
                                    + " (comment on type {t}, access rights of type {t})"));
            assertThat(marked.problems().getFirst().remedy())
                    .isEqualTo(fill("Take it away: COMMENT ON TYPE {t} IS NULL; GRANT USAGE ON TYPE {t} TO PUBLIC, and"
                            + " REVOKE it from whom it was granted"));
            assertThat(Bench.lines(granted.problems()))
                    .containsExactly(
                            fill("UNSUPPORTED_TABLE: what the table's row type has for itself is not carried over"
                                    + " (access rights of type {t})"));
            assertThat(bench.plan(WIDEN).problems()).isEmpty();
        }
    }
}
