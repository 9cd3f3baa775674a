package dev.walshift.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AmountsTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 bytes",
        "1023, 1023 bytes",
        "1024, 1.0 kB",
        "10239, 10 kB",
        "1572864, 1.5 MB",
        "157286400, 150 MB",
        "9223372036854775807, 8192 PB",
    })
    void bytes(long bytes, String text) {
        assertThat(Amounts.bytes(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0.0 ms",
        "1234, 1.2 ms",
        "9999, 10.0 ms",
        "12345, 12 ms",
        "999999, 999 ms",
        "1000000, 1.0 s",
        "59949999, 59.9 s",
        "60000000, 1 min 00 s",
        "3599999999, 59 min 59 s",
        "3600000000, 1 h 00 min",
        "90000000000, 25 h 00 min",
    })
    void durations(long micros, String text) {
        assertThat(Amounts.duration(Duration.ofNanos(micros * 1_000))).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0, 0 %", "0.999999, 99 %", "1, 100 %", "-0.1, 0 %", "1.1, 100 %"})
    void percents(double fraction, String text) {
        assertThat(Amounts.percent(fraction)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1234567, '1,234,567'", "-1000, '-1,000'"})
    void counts(long number, String text) {
        assertThat(Amounts.count(number)).isEqualTo(text);
    }
}
