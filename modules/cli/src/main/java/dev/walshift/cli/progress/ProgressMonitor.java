package dev.walshift.cli.progress;

import dev.walshift.cli.terminal.Terminal;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.migration.MigrationProgress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at a running migration and shows where it is, on a thread of its own, until closed. */
public final class ProgressMonitor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProgressMonitor.class);
    private static final Duration PERIOD = Duration.ofMillis(100);

    private final Terminal terminal;
    private final StopSignal over = new StopSignal();
    private final Thread thread;

    private ProgressMonitor(Terminal terminal, Supplier<MigrationProgress> source, ProgressView view) {
        this.terminal = terminal;
        this.thread = Thread.ofPlatform().daemon().name("progress").unstarted(() -> watch(source, view));
    }

    /** Starts to show {@code source} the way that suits {@code terminal}. */
    public static ProgressMonitor start(Terminal terminal, Supplier<MigrationProgress> source) {
        return start(terminal, source, progress -> List.of(ProgressText.oneLine(progress)));
    }

    /** The same in other words. */
    public static ProgressMonitor start(Terminal terminal, Supplier<MigrationProgress> source, ProgressText text) {
        ProgressView view = terminal.isInteractive()
                ? new LiveProgress(terminal, text)
                : new LoggedProgress(terminal.err(), text, InstantSource.system());
        ProgressMonitor monitor = new ProgressMonitor(terminal, source, view);
        monitor.thread.start();
        return monitor;
    }

    private void watch(Supplier<MigrationProgress> source, ProgressView view) {
        try {
            do {
                view.show(source.get());
            } while (!over.await(PERIOD));
        } catch (RuntimeException e) {
            LOG.warn("progress is no longer shown; the migration goes on", e);
        }
    }

    @Override
    public void close() {
        over.raise();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        terminal.clearStatus();
    }
}
