package dev.walshift.cli;

import dev.walshift.engine.migration.Abort;
import dev.walshift.postgres.Database;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Gives up an interrupted migration. */
@Command(
        name = "abort",
        description = {
            "Gives up an interrupted migration.",
            "Removes its replication slot, its publication and the new table; the table in use stays as it is."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class)
final class AbortCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin
    private final ConnectionOptions connection = new ConnectionOptions();

    @Parameters(paramLabel = "<id>", description = "number of the migration, as status shows it")
    private long id;

    AbortCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws SQLException {
        Database database = new Connections(surroundings).open(connection.url(surroundings.terminal()));
        new Abort(database).run(id);
        surroundings.terminal().out().printf("Migration %d is given up; what it had made is removed.%n", id);
        return ExitCode.DONE.number();
    }
}
