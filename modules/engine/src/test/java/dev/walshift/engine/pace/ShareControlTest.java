package dev.walshift.engine.pace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.walshift.engine.pace.Reading.Level;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ShareControlTest {
    private static final Offset<Double> EXACTLY = within(1e-6);

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1);
    private final ShareControl control = new ShareControl(1, clock::get);

    private void take(Level level, Duration later) {
        clock.addAndGet(later.toNanos());
        control.take(level);
    }

    private void take(Level level, int seconds) {
        for (int i = 0; i < seconds; i++) {
            take(level, Duration.ofSeconds(1));
        }
    }

    @Test
    void beginsWithAllThatIsAllowed() {
        assertThat(control.share()).isEqualTo(1);
        assertThat(new ShareControl(0.5, clock::get).share()).isEqualTo(0.5);
    }

    /** Who can't measure slows down. */
    @ParameterizedTest
    @EnumSource(names = {"SLOW", "UNKNOWN"})
    void halvesWhenALimitIsPassedAndRisesByATwentiethASecondWhenAllIsWell(Level bad) {
        take(bad, 1);
        assertThat(control.share()).isCloseTo(0.5, EXACTLY);
        take(bad, 1);
        assertThat(control.share()).isCloseTo(0.25, EXACTLY);

        take(Level.FINE, 2);
        assertThat(control.share()).isCloseTo(0.35, EXACTLY);
        take(Level.FINE, Duration.ofMillis(500));
        assertThat(control.share()).isCloseTo(0.375, EXACTLY);
        take(Level.FINE, 30);
        assertThat(control.share()).isEqualTo(1);
    }

    @Test
    void waitsUntilADecreaseCanBeSeenBeforeTheNextOne() {
        take(Level.SLOW, 1);
        take(Level.SLOW, Duration.ofMillis(500));
        take(Level.SLOW, Duration.ofMillis(499));
        assertThat(control.share()).isCloseTo(0.5, EXACTLY);

        take(Level.SLOW, Duration.ofMillis(1));
        assertThat(control.share()).isCloseTo(0.25, EXACTLY);
    }

    @Test
    void neverGetsSlowWithoutAnEnd() {
        take(Level.SLOW, 100);

        assertThat(control.share()).isEqualTo(ShareControl.LEAST);
    }

    @Test
    void standsStillAtAHardLimitAndThenBeginsWithLittle() {
        take(Level.STILL, 1);
        assertThat(control.share()).isZero();

        take(Level.SLOW, 1);
        assertThat(control.share()).isEqualTo(ShareControl.LEAST);
        take(Level.STILL, 1);
        take(Level.FINE, 1);
        assertThat(control.share()).isCloseTo(ShareControl.LEAST + 0.05, EXACTLY);
    }

    @Test
    void doesNotRiseForTimeThatNobodyLooked() {
        take(Level.STILL, 1);

        take(Level.FINE, Duration.ofHours(1));

        assertThat(control.share()).isCloseTo(ShareControl.LEAST + 0.05, EXACTLY);
    }

    @Test
    void whatIsAllowedMayChangeMeanwhile() {
        control.most(0.5);
        assertThat(control.share()).isEqualTo(0.5);

        control.most(1);
        assertThat(control.share()).isEqualTo(0.5);
        take(Level.FINE, 30);
        assertThat(control.share()).isEqualTo(1);
    }

    @Test
    void mayBeginSlowlyOrAtOnce() {
        control.slowStart();
        assertThat(control.share()).isEqualTo(0.25);
        take(Level.SLOW, 2);
        control.slowStart();
        assertThat(control.share()).isLessThan(0.25);

        control.full();
        assertThat(control.share()).isEqualTo(1);
    }
}
