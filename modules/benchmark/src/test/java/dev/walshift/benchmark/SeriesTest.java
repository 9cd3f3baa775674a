package dev.walshift.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class SeriesTest {
    @Test
    void tellsMedianMinimumAndMaximumWhateverTheOrder() {
        assertThat(new Series(List.of(3.0, 1.0, 10.0)).text(1)).isEqualTo("3.0 (1.0 – 10.0)");
        assertThat(new Series(List.of(4.0, 1.0)).median()).isEqualTo(2.5);
    }

    @Test
    void percentilesLieBetweenTheValues() {
        Series series = new Series(List.of(0.0, 10.0, 20.0, 30.0, 40.0));
        assertThat(series.percentile(0.9)).isCloseTo(36, within(1e-9));
        assertThat(series.percentile(1)).isEqualTo(40);
    }

    @Test
    void ratiosAreOfTheSameRound() {
        assertThat(new Series(List.of(2.0, 9.0))
                        .over(new Series(List.of(4.0, 3.0)))
                        .values())
                .containsExactly(0.5, 3.0);
    }

    @Test
    void nothingMeasuredIsNoFigure() {
        assertThatThrownBy(() -> new Series(List.of())).hasMessageContaining("nothing was measured");
    }
}
