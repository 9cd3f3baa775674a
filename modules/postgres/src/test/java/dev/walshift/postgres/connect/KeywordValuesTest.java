package dev.walshift.postgres.connect;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeywordValuesTest {
    @TempDir
    private Path home;

    private Surroundings surroundings;

    @BeforeEach
    void nameUserAndDatabase() {
        surroundings = new Surroundings(home).set("PGUSER", "app").set("PGDATABASE", "orders");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "host=h port=1 dbname=db user=u       | u@h:1/db",
                "  host = h  dbname= 'my db'          | app@h:5432/my db",
                "host=h dbname='it\\'s \\\\ here'     | app@h:5432/it's \\ here",
                "host=h dbname=my\\ db                | app@h:5432/my db",
                "host=h dbname=a'b                    | app@h:5432/a'b",
                "host=a,b port=1,2                    | app@a:1,b:2/orders",
                "host=a,,c port=,2,                   | app@a:5432,localhost:2,c:5432/orders",
                "host=::1                             | app@[::1]:5432/orders",
                "host='' dbname='' user=''            | OS@localhost:5432/OS",
            })
    void readsValues(String text, String expected) {
        assertThat(surroundings.resolve(text).display())
                .isEqualTo(expected.replace("OS", System.getProperty("user.name")));
    }

    @Test
    void quotesKeepAPasswordTogether() {
        assertThat(surroundings
                        .resolve("password='a b=c\\'d' host=h")
                        .endpoints()
                        .getFirst()
                        .password())
                .contains(new Secret("a b=c'd"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"host=h orders", "orders", "host=h dbname", "host h"})
    void refusesAWordWithoutEquals(String text) {
        assertThat(surroundings.problems(text)).singleElement().asString().contains("a word without =");
    }

    @Test
    void refusesAnOpenQuote() {
        assertThat(surroundings.problems("host=h dbname='orders"))
                .singleElement()
                .asString()
                .contains("quote is missing");
    }

    @Test
    void refusesAnUnknownKeyword() {
        assertThat(surroundings.problems("host=h database=x"))
                .containsExactly(
                        "unknown parameter \"database\" in the connection string; the nearest known one is \"dbname\"");
    }
}
