package dev.walshift.cli;

import dev.walshift.cli.config.MigrationValues;
import dev.walshift.cli.progress.ProgressMonitor;
import dev.walshift.engine.migration.Migration;
import dev.walshift.postgres.Database;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Changes the table. */
@Command(
        name = "run",
        description = {
            "Changes the table while the application goes on using it.",
            "Stopped by Ctrl-C or SIGTERM, or killed, it goes on where it was when the same command is given again."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class)
final class RunCommand implements Callable<Integer>, ReportsJson {
    private final Surroundings surroundings;

    @Mixin
    private final MigrationOptions options = new MigrationOptions();

    @Option(names = "--json", description = "print one JSON object as the last line of standard output")
    private boolean json;

    RunCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        MigrationValues values = options.values(surroundings.terminal());
        Database database = new Connections(surroundings).open(values.url());
        Migration migration = new Migration(database, values.toRequest());
        surroundings.shutdown().stopWith(migration::stop);
        Outcome outcome = runShowingProgress(migration);
        new OutcomePrinter(surroundings.terminal(), json).print(outcome);
        return outcome.exitCode().number();
    }

    private Outcome runShowingProgress(Migration migration) {
        try (ProgressMonitor monitor = ProgressMonitor.start(surroundings.terminal(), migration::progress)) {
            return Outcome.of(migration);
        }
    }

    @Override
    public boolean json() {
        return json;
    }
}
