package dev.walshift.cli.progress;

import dev.walshift.cli.terminal.Terminal;
import dev.walshift.engine.migration.MigrationProgress;

/** A status line, rewritten in place: for terminals. */
final class LiveProgress implements ProgressView {
    private final Terminal terminal;
    private final ProgressText text;

    LiveProgress(Terminal terminal, ProgressText text) {
        this.terminal = terminal;
        this.text = text;
    }

    @Override
    public void show(MigrationProgress progress) {
        terminal.showStatus(text.lines(progress).toArray(String[]::new));
    }
}
