package dev.walshift.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LsnTest {
    @ParameterizedTest
    @ValueSource(strings = {"0/0", "16/B374D848", "0/FFFFFFFF", "1/0", "7FFFFFFF/FFFFFFFF", "FFFFFFFF/FFFFFFFF"})
    void readsWhatItPrints(String text) {
        assertThat(Lsn.parse(text)).hasToString(text);
    }

    @Test
    void readsSmallLettersAndLeadingZeros() {
        assertThat(Lsn.parse("16/0b374d848")).isEqualTo(new Lsn(0x16_B374_D848L));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "16", "16/", "/16", "x/0", "0/x", "1/2/3", " 1/2"})
    void refusesWhatIsNoLsn(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Lsn.parse(text)).withMessage("not an LSN: " + text);
    }

    @Test
    void isOrderedUnsigned() {
        Lsn last = Lsn.parse("FFFFFFFF/FFFFFFFF");
        assertThat(last).isGreaterThan(Lsn.parse("1/0"));
        assertThat(Lsn.parse("0/FFFFFFFF")).isLessThan(Lsn.parse("1/0"));
        assertThat(Lsn.ZERO.isAfter(Lsn.ZERO)).isFalse();
        assertThat(last.isAfter(Lsn.ZERO)).isTrue();
        assertThat(Lsn.max(last, Lsn.ZERO)).isEqualTo(last);
        assertThat(Lsn.max(Lsn.ZERO, last)).isEqualTo(last);
    }

    @Test
    void countsBytes() {
        assertThat(Lsn.parse("1/10").bytesSince(Lsn.parse("0/FFFFFFF0"))).isEqualTo(0x20);
        assertThat(Lsn.parse("0/1").bytesSince(Lsn.parse("0/3"))).isEqualTo(-2);
    }
}
