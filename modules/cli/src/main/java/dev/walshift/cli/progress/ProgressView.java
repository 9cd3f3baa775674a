package dev.walshift.cli.progress;

import dev.walshift.engine.migration.MigrationProgress;

/** Shows where a migration is. Called by one thread, several times a second. */
@FunctionalInterface
public interface ProgressView {
    void show(MigrationProgress progress);
}
