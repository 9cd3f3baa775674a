package dev.walshift.cli;

import dev.walshift.cli.terminal.Terminal;
import dev.walshift.engine.migration.MigrationList;
import dev.walshift.engine.migration.MigrationStatus;
import dev.walshift.postgres.Database;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists a database's migrations. */
@Command(
        name = "status",
        description = "Lists the migrations of a database: running, interrupted, done and failed.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class)
final class StatusCommand implements Callable<Integer>, ReportsJson {
    private final Surroundings surroundings;

    @Mixin
    private final ConnectionOptions connection = new ConnectionOptions();

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    StatusCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws SQLException {
        Terminal terminal = surroundings.terminal();
        Database database = new Connections(surroundings).open(connection.url(terminal));
        List<MigrationStatus> migrations = new MigrationList(database).all();
        if (json) {
            terminal.out().println(StatusJson.of(migrations));
        } else {
            new StatusPrinter(terminal.out()).print(migrations);
        }
        return ExitCode.DONE.number();
    }

    @Override
    public boolean json() {
        return json;
    }
}
