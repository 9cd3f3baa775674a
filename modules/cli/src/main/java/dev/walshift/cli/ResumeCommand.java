package dev.walshift.cli;

import dev.walshift.cli.config.MigrationValues;
import dev.walshift.engine.migration.Migration;
import dev.walshift.postgres.Database;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Goes on with a migration by its number. */
@Command(
        name = "resume",
        description = {
            "Goes on with an interrupted migration where it was, on this or on another machine.",
            "What it changes is known from the journal, and so is how, unless an option says otherwise. Of a"
                    + " configuration file the table and the change are not used."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class)
final class ResumeCommand implements Callable<Integer>, ReportsJson, GoesOn {
    private final Surroundings surroundings;

    @Parameters(paramLabel = "<id>", description = "number of the migration, as status shows it")
    private long id;

    @Mixin
    private final MigrationOptions options = new MigrationOptions();

    @Option(names = "--json", description = "print one JSON object as the last line of standard output")
    private boolean json;

    ResumeCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws SQLException {
        MigrationValues values = options.valuesToGoOn(surroundings.terminal());
        Database database = new Connections(surroundings).open(values.url());
        Migration migration = Migration.resume(database, id, values.toSettings(), values::over);
        return new MigrationRunner(surroundings, json).run(database, migration);
    }

    @Override
    public boolean json() {
        return json;
    }
}
