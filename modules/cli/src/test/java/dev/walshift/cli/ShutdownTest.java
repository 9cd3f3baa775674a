package dev.walshift.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.cli.terminal.Terminal;
import java.io.OutputStream;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ShutdownTest {
    private final Shutdown shutdown = new Shutdown(
            new Terminal(OutputStream.nullOutputStream(), OutputStream.nullOutputStream(), OptionalInt.empty()));

    @Test
    void doesNotMeddleWhenNothingHasToEndInOrder() {
        assertThat(shutdown.stop(Duration.ofMinutes(1))).isEmpty();
    }

    @Test
    void stopsTheCommandAndTakesItsExitCode() {
        CompletableFuture<Void> asked = new CompletableFuture<>();
        shutdown.stopWith(() -> asked.complete(null));
        CompletableFuture<Void> command = asked.thenRunAsync(() -> shutdown.finished(5));

        assertThat(shutdown.stop(Duration.ofMinutes(1))).hasValue(5);
        // Not yet completed when it has just said that it is finished.
        assertThat(command).succeedsWithin(Duration.ofMinutes(1));
    }

    @Test
    void waitsNoLongerThanItsPatience() {
        AtomicInteger asked = new AtomicInteger();
        shutdown.stopWith(asked::incrementAndGet);

        assertThat(shutdown.stop(Duration.ofMillis(10))).hasValue(5);
        assertThat(asked).hasValue(1);
    }

    @Test
    void hurriesOnlyWhileSomethingRuns() {
        AtomicInteger hurried = new AtomicInteger();
        shutdown.hurry();
        shutdown.stopWith(() -> {}, hurried::incrementAndGet);
        shutdown.hurry();
        shutdown.hurry();
        shutdown.finished(5);
        shutdown.hurry();

        assertThat(hurried).hasValue(2);
    }

    @Test
    void keepsTheExitCodeOfACommandThatIsThrough() {
        shutdown.stopWith(() -> {
            throw new AssertionError("there is nothing left to stop");
        });
        shutdown.finished(0);

        assertThat(shutdown.stop(Duration.ofMinutes(1))).hasValue(0);
    }
}
