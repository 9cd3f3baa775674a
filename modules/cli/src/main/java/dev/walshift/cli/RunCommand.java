package dev.walshift.cli;

import dev.walshift.cli.config.MigrationValues;
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
            "Stopped by Ctrl-C or SIGTERM, or killed, it goes on where it was when the same command is given again,"
                    + " or with resume."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class)
final class RunCommand implements Callable<Integer>, ReportsJson, GoesOn {
    private final Surroundings surroundings;

    @Mixin
    private final ChangeOptions change = new ChangeOptions();

    @Mixin
    private final MigrationOptions options = new MigrationOptions();

    @Option(names = "--json", description = "print one JSON object as the last line of standard output")
    private boolean json;

    RunCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        MigrationValues values = options.values(surroundings.terminal(), change);
        Database database = new Connections(surroundings).open(values.url());
        Migration migration = new Migration(database, values.toRequest(), values.toSettings());
        return new MigrationRunner(surroundings, json).run(database, migration);
    }

    @Override
    public boolean json() {
        return json;
    }
}
