package dev.walshift.cli.progress;

import dev.walshift.engine.migration.MigrationProgress;
import dev.walshift.engine.migration.Phase;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/** A line at each change of phase and every ten seconds: for files and pipes. */
final class LoggedProgress implements ProgressView {
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    private final PrintStream target;
    private final ProgressText text;
    private final InstantSource clock;
    private Optional<Phase> phase = Optional.empty();
    private Instant nextLine = Instant.MIN;

    LoggedProgress(PrintStream target, ProgressText text, InstantSource clock) {
        this.target = target;
        this.text = text;
        this.clock = clock;
    }

    @Override
    public void show(MigrationProgress progress) {
        Instant now = clock.instant();
        if (phase.filter(progress.phase()::equals).isEmpty() || !now.isBefore(nextLine)) {
            target.println(String.join("; ", text.lines(progress)));
            phase = Optional.of(progress.phase());
            nextLine = now.plus(INTERVAL);
        }
    }
}
