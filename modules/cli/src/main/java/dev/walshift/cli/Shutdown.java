package dev.walshift.cli;

import dev.walshift.cli.terminal.Amounts;
import dev.walshift.cli.terminal.Terminal;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Lets a running command end in good order, and with its own exit code, when the process is asked to end (SIGTERM, SIGINT,
 * SIGHUP): the JVM by itself would leave with 128 + signal as soon as its hooks are through. Asked again, it makes haste. Any thread.
 */
final class Shutdown {
    private final Terminal terminal;
    private final AtomicReference<Optional<Runnable>> stop = new AtomicReference<>(Optional.empty());
    private final AtomicReference<Optional<Runnable>> hurry = new AtomicReference<>(Optional.empty());
    private final CountDownLatch finished = new CountDownLatch(1);
    private final AtomicInteger exitCode = new AtomicInteger();

    Shutdown(Terminal terminal) {
        this.terminal = terminal;
    }

    /** From now on {@link #stop} runs {@code action} and waits for {@link #finished}. */
    void stopWith(Runnable action) {
        stop.set(Optional.of(action));
    }

    /** The same; and {@link #hurry} runs {@code hurryUp}. */
    void stopWith(Runnable action, Runnable hurryUp) {
        hurry.set(Optional.of(hurryUp));
        stopWith(action);
    }

    /** Asked to end once more: does not wait for what the server is doing. */
    void hurry() {
        if (finished.getCount() > 0) {
            hurry.get().ifPresent(action -> {
                terminal.err().println("Cancelling what the server is doing ...");
                action.run();
            });
        }
    }

    /** The command is through, everything is printed. */
    void finished(int code) {
        exitCode.set(code);
        finished.countDown();
    }

    /**
     * For the JVM's shutdown hook: stops the running command and waits for its end.
     *
     * @return the exit code to halt with; empty if nothing was running that has to end in order
     */
    OptionalInt stop(Duration patience) {
        Optional<Runnable> action = stop.get();
        if (finished.getCount() == 0) {
            return OptionalInt.of(exitCode.get());
        }
        if (action.isEmpty()) {
            return OptionalInt.empty();
        }
        terminal.err()
                .printf(
                        "Stopping at the next safe point, this can take up to %s%s ...%n",
                        Amounts.estimate(patience),
                        hurry.get().isPresent() ? "; ask again to cancel what the server is doing" : "");
        action.get().run();
        try {
            if (finished.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                return OptionalInt.of(exitCode.get());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        terminal.err().println("""
            No safe point reached, leaving all the same: the server rolls back what was not committed.
            The application's data is safe. Run the same command again to go on.\
            """);
        return OptionalInt.of(ExitCode.INTERRUPTED.number());
    }
}
