package dev.walshift.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PasswordsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "at postgresql://app:pw@host/db, sir;at postgresql://app:***@host/db, sir",
                "postgresql://app:p@w/d@host/db;postgresql://app:***@host/db",
                "postgresql://:pw@host;postgresql://:***@host",
                "postgresql://app@host:5432/db;postgresql://app@host:5432/db",
                "host=h password=pw user=u;host=h password=*** user=u",
                "password = 'p w' user=u;password = *** user=u",
                "?sslpassword=pw&user=u;?sslpassword=***&user=u",
            })
    void hidesPasswordsAndNothingElse(String text, String shown) {
        assertThat(Passwords.hide(text)).isEqualTo(shown);
    }

    @Test
    void hidesWhatAMessageQuotesOfAnArgumentWithBlanks() {
        String url = "postgresql://app:my secret@host/db";

        assertThat(Passwords.hide("Unmatched argument: '%s'".formatted(url), List.of("status", url)))
                .isEqualTo("Unmatched argument: 'postgresql://app:***@host/db'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"postgresql://app:pw@host", "postgresql://host?password=pw", "host=h password=pw"})
    void seesThatThereIsAPassword(String url) {
        assertThat(Passwords.isIn(url)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"postgresql://app@host:5432/db", "postgresql://host:5432/db", "host=h port=5432"})
    void seesThatThereIsNone(String url) {
        assertThat(Passwords.isIn(url)).isFalse();
    }
}
