package dev.walshift.engine.pace;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** The control loop without a server: commits take as long as a model says, by how much we work and what others do. */
class SimulatedServerTest {
    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Tolerance POLITE = Tolerance.of(PaceMode.POLITE);

    private final AtomicLong clock = new AtomicLong();
    private final ShareControl control = new ShareControl(POLITE.mostShare(), clock::get);
    private final CanaryCommit canary = new CanaryCommit();

    /** What a commit takes in milliseconds, by the part of the time that we work. */
    private DoubleUnaryOperator server = share -> 1;

    private void calibrate() {
        Reading unused = canary.judge(nanos(0), POLITE);
    }

    private long nanos(double share) {
        return (long) (server.applyAsDouble(share) * 1e6);
    }

    private List<Double> run(int seconds) {
        List<Double> shares = new ArrayList<>();
        for (int look = 0; look < seconds * 2; look++) {
            clock.addAndGet(LOOK.toNanos());
            control.take(canary.judge(nanos(control.share()), POLITE).level());
            shares.add(control.share());
        }
        return shares;
    }

    private static double average(List<Double> values) {
        return values.stream().mapToDouble(value -> value).average().orElseThrow();
    }

    @Test
    void goesAtFullSpeedWhereNobodyIsDisturbed() {
        calibrate();

        assertThat(run(600)).allMatch(share -> share == 1);
    }

    @Test
    void convergesToAShareThatHoldsTheLimit() {
        // 10 ms without us, 60 ms at full speed; 16 ms are allowed, at 12 % of the time.
        server = share -> 10 + 50 * share;
        calibrate();

        List<Double> settled = run(120).subList(60, 240);

        Predicate<Double> holds = share -> nanos(share) <= 16_000_000;
        assertThat(average(settled)).isBetween(0.06, 0.15);
        assertThat(settled.stream().filter(holds).count()).isGreaterThan(settled.size() / 2L);
        assertThat(settled).allMatch(share -> share <= 0.22);
    }

    @Test
    void comesBackToFullSpeedWhenTheLoadGoes() {
        server = share -> 10 + 50 * share;
        calibrate();
        assertThat(average(run(60).subList(60, 120))).isLessThan(0.2);

        server = share -> 10;

        assertThat(run(20).getLast()).isEqualTo(1);
    }

    @Test
    void isNotSlowedByWhatOthersDo() {
        server = share -> 200;
        calibrate();

        assertThat(run(60)).allMatch(share -> share == 1);
    }

    @Test
    void aServerThatGetsQuickerBesideUsIsMeasuredByThat() {
        server = share -> 200;
        calibrate();
        run(1);
        server = share -> 10;
        run(1);

        server = share -> 30;

        assertThat(average(run(60))).isLessThan(0.2);
    }

    @Test
    void standsStillWhileNobodyCanWork() {
        calibrate();
        server = share -> 2_000;
        assertThat(run(30)).allMatch(share -> share == 0);

        server = share -> 1;
        assertThat(run(1).getFirst()).isGreaterThan(0).isLessThan(0.2);
        assertThat(run(30).getLast()).isEqualTo(1);
    }
}
