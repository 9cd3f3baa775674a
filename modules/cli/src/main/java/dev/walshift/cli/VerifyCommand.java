package dev.walshift.cli;

import dev.walshift.cli.config.MigrationValues;
import dev.walshift.cli.progress.ProgressMonitor;
import dev.walshift.cli.terminal.Amounts;
import dev.walshift.cli.terminal.Terminal;
import dev.walshift.engine.migration.Verification;
import dev.walshift.postgres.Database;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Compares the tables of an interrupted migration. */
@Command(
        name = "verify",
        description = {
            "Compares every row of the old and the new table of an interrupted migration that is copied and indexed.",
            "If all are equal, the migration stays as it is, for run to finish it. If not, the new table is kept as"
                    + " evidence."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class)
final class VerifyCommand implements Callable<Integer>, ReportsJson, GoesOn {
    private final Surroundings surroundings;

    @Mixin
    private final WorkOptions work = new WorkOptions();

    @Option(names = "--json", description = "print one JSON object as the last line of standard output")
    private boolean json;

    @Parameters(paramLabel = "<id>", description = "number of the migration, as status shows it")
    private long id;

    VerifyCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        Terminal terminal = surroundings.terminal();
        MigrationValues values =
                work.values(terminal, problems -> MigrationValues.none(), MigrationValues::problemsToGoOn);
        Database database = new Connections(surroundings).open(values.url());
        Verification verification = new Verification(
                database, id, values.workers().orElse(MigrationValues.DEFAULT_WORKERS), values.toSettings());
        surroundings.shutdown().stopWith(verification::stop, database::cancelAll);
        Verification.Report report = runShowingProgress(verification);
        if (json) {
            terminal.out().println(Json.of(report));
        } else {
            terminal.out()
                    .printf(
                            "Equal: each of the %s rows of %s is in the new table as it should be, and nothing else.%n",
                            Amounts.count(report.verify().rows()), report.table());
        }
        return ExitCode.DONE.number();
    }

    private Verification.Report runShowingProgress(Verification verification) {
        try (ProgressMonitor monitor = ProgressMonitor.start(surroundings.terminal(), verification::progress)) {
            return verification.run();
        }
    }

    @Override
    public boolean json() {
        return json;
    }
}
