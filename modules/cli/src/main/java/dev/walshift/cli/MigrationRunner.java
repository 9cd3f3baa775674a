package dev.walshift.cli;

import dev.walshift.cli.progress.ProgressMonitor;
import dev.walshift.engine.migration.Migration;
import dev.walshift.postgres.Database;

/** Runs a migration to its end, shows how it goes, and tells how it ended. */
final class MigrationRunner {
    private final Surroundings surroundings;
    private final boolean json;

    /**
     * @param json whether standard output ends with an object for scripts
     */
    MigrationRunner(Surroundings surroundings, boolean json) {
        this.surroundings = surroundings;
        this.json = json;
    }

    /** Returns the exit code. */
    int run(Database database, Migration migration) {
        surroundings.shutdown().stopWith(migration::stop, database::cancelAll);
        Outcome outcome = runShowingProgress(migration);
        new OutcomePrinter(surroundings.terminal(), json).print(outcome);
        return outcome.exitCode().number();
    }

    private Outcome runShowingProgress(Migration migration) {
        try (ProgressMonitor monitor = ProgressMonitor.start(surroundings.terminal(), migration::progress)) {
            return Outcome.of(migration);
        }
    }
}
