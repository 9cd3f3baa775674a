package dev.walshift.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import org.junit.jupiter.api.Test;

class SqlTemplateTest {
    @Test
    void fillsEachPlaceWhereverItStands() {
        SqlTemplate template = SqlTemplate.of("SELECT {column} FROM {table} ORDER BY {column}");
        assertThat(template.with("table", QualifiedName.of("s", "t"))
                        .with("column", new Identifier("c"))
                        .sql())
                .isEqualTo("SELECT \"c\" FROM \"s\".\"t\" ORDER BY \"c\"");
    }

    @Test
    void whatFillsAPlaceIsNotReadAgain() {
        Identifier hostile = new Identifier("{b} $1 \\ ?");
        assertThat(SqlTemplate.of("{a}{b}")
                        .with("a", hostile)
                        .with("b", new Identifier("$0\\"))
                        .sql())
                .isEqualTo("\"{b} $1 \\ ?\"\"$0\\\"");
    }

    @Test
    void refusesAPlaceThatIsNotThereAndOneThatIsOpen() {
        SqlTemplate template = SqlTemplate.of("SELECT {a}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> template.with("b", new Identifier("x")))
                .withMessage("no place {b} in: SELECT {a}");
        assertThatIllegalStateException().isThrownBy(template::sql).withMessage("place {a} is open in: SELECT {a}");
    }

    @Test
    void isNotChangedByFillingIt() {
        SqlTemplate template = SqlTemplate.of("{a}");
        assertThat(template.with("a", new Identifier("x")).sql()).isEqualTo("\"x\"");
        assertThat(template.with("a", new Identifier("y")).sql()).isEqualTo("\"y\"");
        assertThatIllegalStateException().isThrownBy(template::sql);
    }

    @Test
    void leavesOtherBracesAlone() {
        assertThat(SqlTemplate.of("SELECT '{1,2}'::int[], '{}', '{a b}'").sql())
                .isEqualTo("SELECT '{1,2}'::int[], '{}', '{a b}'");
    }

    @Test
    void literalsAreOneTokenWhateverTheyHold() {
        assertThat(SqlText.literal("it's \\ \"x\"").sql()).isEqualTo(" E'it''s \\\\ \"x\"'");
        assertThat(SqlText.literal("").sql()).isEqualTo(" E''");
    }

    @Test
    void listsAreSeparated() {
        List<Identifier> columns = List.of(new Identifier("a"), new Identifier("B"));
        assertThat(SqlText.list(columns).sql()).isEqualTo("\"a\", \"B\"");
        assertThat(SqlText.join(" AND ", columns).sql()).isEqualTo("\"a\" AND \"B\"");
        assertThat(SqlText.list(List.of()).sql()).isEmpty();
    }
}
