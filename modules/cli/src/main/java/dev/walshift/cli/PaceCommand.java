package dev.walshift.cli;

import dev.walshift.cli.config.PaceWords;
import dev.walshift.cli.config.UsageException;
import dev.walshift.engine.migration.PaceOrder;
import dev.walshift.engine.pace.PaceMode;
import dev.walshift.postgres.Database;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Tells a running migration to take another pace. */
@Command(
        name = "pace",
        description = {
            "Tells a migration to go faster, slower, or to stand still, while it runs.",
            "It takes it up within seconds, and keeps to it, also when it is resumed, until it is told another pace."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class)
final class PaceCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin
    private final ConnectionOptions connection = new ConnectionOptions();

    @Parameters(index = "0", paramLabel = "<id>", description = "number of the migration, as status shows it")
    private long id;

    @Parameters(
            index = "1",
            paramLabel = "full|polite|nice|stop",
            description = "as for --pace of run, or stop: it copies and compares nothing until it is told to go on")
    private String pace = "";

    PaceCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws SQLException {
        List<String> problems = new ArrayList<>();
        Optional<PaceMode> mode = ChangeOptions.parsed("pace", pace, PaceWords::parseOrder, problems::add);
        if (mode.isEmpty()) {
            throw new UsageException(problems);
        }
        Database database = new Connections(surroundings).open(connection.url(surroundings.terminal()));
        boolean running = new PaceOrder(database).give(id, mode.get());
        String told = running
                ? "Migration %d takes pace %s from now on."
                : "Migration %d, which no process works on, takes pace %s when it goes on.";
        surroundings.terminal().out().println(told.formatted(id, mode.get().word()));
        return ExitCode.DONE.number();
    }
}
