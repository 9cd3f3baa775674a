package dev.walshift.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Map;
import org.junit.jupiter.api.Test;

class IdentifierTest {
    @Test
    void isQuotedAlways() {
        Map<String, String> quoted = Map.of(
                "orders", "\"orders\"",
                "Order", "\"Order\"",
                "select", "\"select\"",
                "two words", "\"two words\"",
                "a\"b", "\"a\"\"b\"",
                "\"", "\"\"\"\"",
                "it's; -- {x} ?", "\"it's; -- {x} ?\"");
        quoted.forEach((name, sql) -> assertThat(new Identifier(name).sql()).isEqualTo(sql));
    }

    @Test
    void takesAllBytesTheServerTakesAndNoMore() {
        assertThat(new Identifier("x".repeat(63))).hasToString("x".repeat(63));
        assertThat(new Identifier("ü".repeat(31) + "x").sql()).hasSize(34);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Identifier("ü".repeat(32)))
                .withMessageStartingWith("identifier must be 1..63 bytes without NUL, got 64 bytes");
    }

    @Test
    void refusesWhatTheServerCouldNotHold() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Identifier(""));
        assertThatIllegalArgumentException().isThrownBy(() -> new Identifier("a\0b"));
    }

    @Test
    void qualifiedNamesQuoteBothParts() {
        QualifiedName name = QualifiedName.of("a.b", "c\"d");
        assertThat(name.sql()).isEqualTo("\"a.b\".\"c\"\"d\"");
        assertThat(name).hasToString(name.sql());
        assertThat(name.in(new Identifier("z")).sql()).isEqualTo("\"z\".\"c\"\"d\"");
    }
}
