package dev.walshift.engine.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.AlterAction.TypeChange;
import dev.walshift.engine.plan.AlterAction.Using;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AlterStatementTest {
    private static final QualifiedName TARGET = QualifiedName.of("s", "t");

    private static AlterStatement parse(String... clauses) {
        return AlterStatement.parse(new AlterRequest(Optional.of("t"), List.of(clauses), Map.of(), List.of()));
    }

    private static AlterStatement parseWhole(String... statements) {
        return AlterStatement.parse(new AlterRequest(Optional.empty(), List.of(statements), Map.of(), List.of()));
    }

    private static List<String> actions(AlterStatement statement) {
        assertThat(statement.problems()).isEmpty();
        return statement.actions().stream().map(AlterAction::sql).toList();
    }

    @Test
    void splitsActionsAtCommasOutsideOfBracketsQuotesAndComments() {
        AlterStatement statement = parse("""
            ALTER COLUMN a TYPE numeric(10, 2), ADD COLUMN "b,c" text DEFAULT 'x, y''z', -- one, two
            ADD d text[] DEFAULT ARRAY['a', 'b'] /* three, /* four, */ */, ADD e text DEFAULT $q$1, $2$q$,
            ADD f text DEFAULT E'it\\'s, it', ADD g text DEFAULT e'a''b\\', c' ;
            """);

        assertThat(actions(statement))
                .containsExactly(
                        "ALTER COLUMN a TYPE numeric(10, 2)",
                        "ADD COLUMN \"b,c\" text DEFAULT 'x, y''z'",
                        "ADD d text[] DEFAULT ARRAY['a', 'b']",
                        "ADD e text DEFAULT $q$1, $2$q$",
                        "ADD f text DEFAULT E'it\\'s, it'",
                        "ADD g text DEFAULT e'a''b\\', c'");
        assertThat(statement.steps()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ALTER TABLE t ADD a int|\"t\"",
                "alter table T add a int;|\"t\"",
                "ALTER TABLE IF EXISTS ONLY s.t ADD a int|\"s\".\"t\"",
                "ALTER /* x */ TABLE \"My \"\"T\" * ADD a int|\"My \"\"T\"",
                "ALTER TABLE db.\"S\".t ADD a int|\"db\".\"S\".\"t\"",
                "ALTER TABLE if ADD a int|\"if\""
            })
    void readsTheTableFromAWholeStatement(String sql, String table) {
        AlterStatement statement = parseWhole(sql);

        assertThat(actions(statement)).hasSize(1);
        assertThat(statement.tableName()).isEqualTo(table);
    }

    @Test
    void mergesClausesAndGivesEachRenameAStatementOfItsOwn() {
        AlterStatement statement = parse("ADD a int, RENAME b TO c", "RENAME COLUMN d TO e", "DROP f", "DROP g");

        assertThat(statement.sql(TARGET)).isEqualTo("""
            ALTER TABLE "s"."t" ADD a int;
            ALTER TABLE "s"."t" RENAME b TO c;
            ALTER TABLE "s"."t" RENAME COLUMN d TO e;
            ALTER TABLE "s"."t" DROP f, DROP g\
            """);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = " -> ",
            quoteCharacter = '`',
            value = {
                "ALTER a TYPE int USING a::int -> a -> a::int",
                "alter \"A b\" set data type text collate \"C\" using (\"A b\" || ',') -> A b -> (\"A b\" || ',')",
                "ALTER COLUMN type TYPE int USING (CASE type WHEN 'using' THEN 1 END) -> type -> (CASE type WHEN"
                        + " 'using' THEN 1 END)",
                "ALTER Ä TYPE int USING 1 -> Ä -> 1"
            })
    void findsTheExpressionOfATypeChange(String action, String column, String expression) {
        TypeChange change = parse(action).actions().getFirst().typeChange().orElseThrow();

        assertThat(change.column()).isEqualTo(new Identifier(column));
        assertThat(change.using().map(Using::sql)).contains(expression);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "NULL,true",
                "(null),true",
                "'x',true",
                "'it''s',true",
                "$$x$$,true",
                "'x'::text,false",
                "a,false",
                "1,false"
            })
    void knowsBareLiteralsWhoseTypeIsOpen(String expression, boolean literal) {
        TypeChange change = parse("ALTER a TYPE text USING " + expression)
                .actions()
                .getFirst()
                .typeChange()
                .orElseThrow();

        assertThat(change.using().map(Using::literal)).contains(literal);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER a SET DEFAULT 1",
                "ALTER a SET STATISTICS 5",
                "ALTER CONSTRAINT a DEFERRABLE",
                "ADD a text",
                "ALTER a SET (n_distinct = 5)"
            })
    void seesNoTypeChangeWhereThereIsNone(String action) {
        assertThat(parse(action).actions().getFirst().typeChange()).isEmpty();
    }

    @Test
    void addsExpressionsGivenApartByTheSourcesNames() {
        AlterRequest request = new AlterRequest(
                Optional.of("t"),
                List.of("RENAME a TO b, ALTER b TYPE int"),
                Map.of(new Identifier("a"), "length(b)"),
                List.of());

        AlterStatement statement = AlterStatement.parse(request);

        assertThat(actions(statement)).containsExactly("RENAME a TO b", "ALTER b TYPE int USING length(b)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ALTER a TYPE int USING 1|a|2|two USING expressions for column a",
                "ALTER a TYPE int|b|2|a USING expression is given for column b, whose type is not changed",
                "ALTER a TYPE int|a|1, DROP b|not one expression, for column a: 1, DROP b",
                "ALTER a TYPE int|a|1; DROP TABLE x|not one expression, for column a: 1; DROP TABLE x"
            })
    void rejectsExpressionsThatFitNoTypeChange(String clause, String column, String expression, String message) {
        AlterRequest request = new AlterRequest(
                Optional.of("t"), List.of(clause), Map.of(new Identifier(column), expression), List.of());

        assertThat(AlterStatement.parse(request).problems())
                .extracting(Problem::message)
                .containsExactly(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ADD a int; DROP TABLE x|several statements where one is expected: ADD a int; DROP TABLE x",
                "ADD a text DEFAULT 'x|the quote at character 20 is left open",
                "ADD a text DEFAULT $$x|the quote at character 20 is left open",
                "ADD \"a int|the quote at character 5 is left open",
                "ADD a int /* x|a comment is left open",
                "ADD a numeric(1|a bracket is left open",
                "ADD a int)|unbalanced ) at character 10",
                "ADD a int, , ADD b int|an action is missing in: ADD a int, , ADD b int",
                "ALTER TABLE u ADD a int|two tables are named, [t] and [u]",
                "ALTER TABLE t|an action is missing in: ALTER TABLE t",
                "ALTER|it ends too early: ALTER",
                "RENAME COLUMN a b|expected RENAME COLUMN name TO name, found RENAME COLUMN a b",
                "ALTER a TYPE int USING|nothing follows USING in ALTER a TYPE int USING"
            })
    void rejectsWhatIsNoAlterTable(String clause, String message) {
        assertThat(parse(clause).problems())
                .extracting(Problem::code, Problem::message)
                .containsExactly(tuple(ProblemCode.WRONG_STATEMENT, message));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "RENAME TO u",
                "SET SCHEMA s",
                "SET UNLOGGED",
                "SET ACCESS METHOD heap",
                "REPLICA IDENTITY FULL",
                "ALTER COLUMN id RESTART WITH 5",
                "VALIDATE CONSTRAINT c",
                "OWNER TO x",
                "INHERIT p",
                "NO INHERIT p",
                "OF x",
                "NOT OF",
                "ENABLE ROW LEVEL SECURITY",
                "DISABLE TRIGGER x",
                "FORCE ROW LEVEL SECURITY",
                "ATTACH PARTITION p FOR VALUES IN (1)",
                "DETACH PARTITION p",
                "ADD FOREIGN KEY (a) REFERENCES u",
                "ADD COLUMN a int REFERENCES u"
            })
    void refusesWhatACloneCannotExpressByNameAndGoesOn(String action) {
        AlterStatement statement = parse("ADD a int, %s, INHERIT q".formatted(action));

        assertThat(statement.problems()).hasSize(2).allSatisfy(problem -> {
            assertThat(problem.code()).isEqualTo(ProblemCode.UNSUPPORTED_CHANGE);
            assertThat(problem.remedy()).isNotBlank();
        });
        assertThat(statement.problems().getFirst().message()).startsWith(action + ": ");
    }

    @Test
    void rejectsANameThatTheServerWouldCut() {
        assertThat(parse("RENAME a TO " + "x".repeat(64)).problems())
                .extracting(Problem::message)
                .containsExactly("a name has 1 to 63 bytes, found 64: " + "x".repeat(64));
    }

    @Test
    void needsATable() {
        assertThat(parseWhole("ADD a int").problems())
                .extracting(Problem::message)
                .containsExactly("no table is named");
    }
}
