package dev.walshift.engine.pace;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PaceNewsTest {
    private final AtomicLong clock = new AtomicLong();
    private final List<PaceChange> told = new ArrayList<>();
    private final PaceNews news = new PaceNews(1, told::add, clock::get);

    private void later(int seconds) {
        clock.addAndGet(Duration.ofSeconds(seconds).toNanos());
    }

    @Test
    void tellsEachTurnWithItsReason() {
        news.share(0.5, 1, "slow disk");
        news.share(0, 1, "no disk");
        news.share(0.05, 1, "");
        news.share(1, 1, "");

        assertThat(told)
                .containsExactly(
                        new PaceChange(1, 0.5, "slow disk"),
                        new PaceChange(0.5, 0, "no disk"),
                        new PaceChange(0, 0.05, "all is well"),
                        new PaceChange(0.05, 1, "all is well"));
        assertThat(told.getFirst()).hasToString("pace: 50 % after 100 %: slow disk");
    }

    @Test
    void saysWhyItBeginsSlowly() {
        news.share(0.25, 1, "");
        news.share(1, 1, "");

        assertThat(told)
                .containsExactly(
                        new PaceChange(1, 0.25, "it begins slowly, as others use the server"),
                        new PaceChange(0.25, 1, "all is well"));
    }

    @Test
    void saysNothingWhileNothingChanges() {
        news.share(1, 1, "");
        news.share(0, 1, "a");
        news.share(0, 1, "b");

        assertThat(told).containsExactly(new PaceChange(1, 0, "a"));
    }

    @Test
    void tellsSmallStepsNotMoreOftenThanPeopleCanRead() {
        news.share(0.5, 1, "slow disk");
        later(4);
        news.share(0.25, 1, "slow disk");
        news.share(0.3, 1, "");
        assertThat(told).hasSize(1);

        later(1);
        news.share(0.4, 1, "");
        assertThat(told.getLast())
                .as("less than was told, whatever it is rising from")
                .isEqualTo(new PaceChange(0.5, 0.4, "slow disk"));
        later(5);
        news.share(0.6, 1, "");
        assertThat(told.getLast()).isEqualTo(new PaceChange(0.4, 0.6, "all is well"));
    }
}
