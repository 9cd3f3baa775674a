package dev.walshift.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class XidTest {
    @ParameterizedTest
    @CsvSource({
        // xid, near, full
        "750,        751,         750",
        "751,        750,         751",
        "4294967290, 4294967300,  4294967290",
        "5,          4294967290,  4294967301",
        "5,          8589934590,  8589934597",
        "2147483648, 4294967296,  2147483648",
        "2147483647, 4294967296,  6442450943",
        "4294967295, 12884901888, 12884901887",
    })
    void widensToTheNearestFullXid(long xid, long near, long full) {
        assertThat(Xid.widen((int) xid, new Xid(near))).isEqualTo(new Xid(full));
    }

    @Test
    void doesNotWrapAt32Bits() {
        assertThat(new Xid(0x1_0000_0003L)).isGreaterThan(new Xid(0xFFFF_FFFFL)).hasToString("4294967299");
        assertThat(Xid.parse("18446744073709551615"))
                .isGreaterThan(Xid.parse("1"))
                .hasToString("18446744073709551615");
    }

    @Test
    void refusesWhatIsNoNumber() {
        assertThatIllegalArgumentException().isThrownBy(() -> Xid.parse("-1"));
        assertThatIllegalArgumentException().isThrownBy(() -> Xid.parse("18446744073709551616"));
        assertThatIllegalArgumentException().isThrownBy(() -> Xid.parse("0x5"));
    }
}
