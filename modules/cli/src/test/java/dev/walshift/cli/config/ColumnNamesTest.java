package dev.walshift.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.walshift.postgres.Identifier;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ColumnNamesTest {
    @Test
    void foldsPlainNamesAndKeepsQuotedOnes() {
        assertThat(ColumnNames.parseList("Id, \"Net \"\"price\"\", a\",größe$2 , \"x\""))
                .containsExactly(
                        new Identifier("id"),
                        new Identifier("Net \"price\", a"),
                        new Identifier("größe$2"),
                        new Identifier("x"));
    }

    @Test
    void foldsAsciiLettersOnlyAsTheServerDoes() {
        assertThat(ColumnNames.parse("ÄB")).isEqualTo(new Identifier("Äb"));
    }

    @Test
    void cutsAnAssignmentAtTheFirstEqualsSignOutsideOfQuotes() {
        assertThat(ColumnNames.parseAssignment(" \"a=B\" = x = 'y'\n"))
                .isEqualTo(Map.entry(new Identifier("a=B"), "x = 'y'"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a,", ",a", "a,,b", "a b", "1a", "\"a", "\"\"", "a;b", "a.b"})
    void refusesWhatIsNoList(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ColumnNames.parseList(text))
                .withMessageStartingWith("column names between commas are expected")
                .withMessageEndingWith("got: " + text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "=x", "a=", "a= ", "a b=x", "\"a=x"})
    void refusesWhatIsNoAssignment(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ColumnNames.parseAssignment(text))
                .withMessage("column=expression is expected, got: " + text);
    }
}
