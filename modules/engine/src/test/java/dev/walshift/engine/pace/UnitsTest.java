package dev.walshift.engine.pace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnitsTest {
    @ParameterizedTest
    @CsvSource({
        "1kB, 1024",
        "50GB, 53687091200",
        "50 gb, 53687091200",
        " 1.5MB , 1572864",
        "2TB, 2199023255552",
        "999999TB, 1099510528264372224"
    })
    void readsSizes(String text, long bytes) {
        assertThat(Units.parseSize(text)).isEqualTo(Limit.at(bytes));
    }

    @ParameterizedTest
    @CsvSource({"30s, PT30S", "90min, PT90M", "2h, PT2H", "1.5H, PT90M", "3 d, PT72H", "0.25s, PT0.25S"})
    void readsTimes(String text, Duration time) {
        assertThat(Units.parseTime(text)).isEqualTo(Limit.at(time));
    }

    @Test
    void offIsNoLimit() {
        assertThat(Units.parseSize("off").most()).isEmpty();
        assertThat(Units.parseTime(" OFF ").most()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"50", "0GB", "-1GB", "50 B", "50GiB", "GB", "", "1e3GB", "2h", "1234567GB", "5GB 3MB", "0.0MB"})
    void refusesWhatIsNoSize(String text) {
        assertThatThrownBy(() -> Units.parseSize(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a size with its unit (kB, MB, GB or TB), such as 50GB, or off is expected, got: " + text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"30", "0s", "-1h", "2 hours", "1m", "2h30min", "50GB", ""})
    void refusesWhatIsNoTime(String text) {
        assertThatThrownBy(() -> Units.parseTime(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a time with its unit (s, min, h or d), such as 90min, or off is expected, got: " + text);
    }
}
