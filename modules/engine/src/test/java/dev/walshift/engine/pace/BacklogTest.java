package dev.walshift.engine.pace;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BacklogTest {
    private final AtomicLong waiting = new AtomicLong(1_000_000);
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1);
    private final Backlog backlog = new Backlog(waiting::get, clock::get);

    private double after(Duration time, long left) {
        clock.addAndGet(time.toNanos());
        waiting.set(left);
        return backlog.getAsDouble();
    }

    private double later(long left) {
        return after(Duration.ofSeconds(3), left);
    }

    @Test
    void needsAllOfTheTimeWhereItDoesNotGetLess() {
        assertThat(backlog.getAsDouble()).isEqualTo(0.25);
        assertThat(later(1_200_000)).isEqualTo(0.5);
        assertThat(later(1_200_000)).isEqualTo(0.75);
        assertThat(later(1_150_000)).isEqualTo(1);
        assertThat(later(1_150_000)).isEqualTo(1);
    }

    @Test
    void keepsTheShareThatMakesItLess() {
        assertThat(later(1_000_000)).isEqualTo(0.5);
        assertThat(later(800_000)).isEqualTo(0.5);
        assertThat(later(700_000)).isEqualTo(0.5);
    }

    @Test
    void givesBackWhatItDoesNotNeed() {
        later(1_100_000);
        assertThat(later(1_100_000)).isEqualTo(0.75);
        assertThat(later(500_000)).isEqualTo(0.5);
        assertThat(later(200_000)).isEqualTo(0.25);
        assertThat(later(50_000)).isEqualTo(0.25);
    }

    @Test
    void isNotInAHurryForAFew() {
        assertThat(later(15_000)).isEqualTo(0.25);
        assertThat(later(19_000)).isEqualTo(0.25);
    }

    @Test
    void doesNotJudgeByAMoment() {
        assertThat(after(Duration.ofMillis(500), 2_000_000)).isEqualTo(0.25);
        assertThat(after(Duration.ofMillis(500), 900_000)).isEqualTo(0.25);
        assertThat(later(950_000)).isEqualTo(0.5);
    }
}
