package dev.walshift.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

final class StopSignalTest {
    private final StopSignal signal = new StopSignal();

    @Test
    void raisesItsChildrenButNotTheOtherWayRound() {
        StopSignal first = signal.child();
        StopSignal second = signal.child();
        first.raise();
        assertThat(signal.isRaised()).isFalse();

        signal.raise();

        assertThat(second.isRaised()).isTrue();
        assertThat(signal.child().isRaised()).isTrue();
    }

    /** Or else each chunk of days of copying would leave one behind. */
    @Test
    void keepsNothingOfAChildThatNobodyWaitsForAnyMore() throws SQLException {
        StopSignal child = signal.child();
        signal.forget(child);
        CompletableFuture<StopSignal> ofWorkers = new CompletableFuture<>();
        Workers.run("test", signal, List.of(ofWorkers::complete), stop -> {});

        signal.raise();

        assertThat(child.isRaised()).isFalse();
        assertThat(ofWorkers.join().isRaised()).isFalse();
    }
}
