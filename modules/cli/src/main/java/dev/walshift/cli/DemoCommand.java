package dev.walshift.cli;

import dev.walshift.cli.config.UsageException;
import dev.walshift.cli.demo.Demo;
import dev.walshift.cli.demo.DemoOptions;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows a migration under traffic on a server of its own. */
@Command(
        name = "demo",
        description = {
            "Shows a migration under traffic, on a PostgreSQL server of its own.",
            "Fills a table, lets writers change it without a pause, turns its int key into bigint meanwhile, and"
                    + " compares the result with what the writers know that they wrote. Needs no PostgreSQL and leaves"
                    + " nothing behind."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class)
final class DemoCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Option(
            names = "--rows",
            paramLabel = "<n>",
            defaultValue = "1000000",
            description = "rows in the table (default: 1000000)")
    private int rows;

    @Option(
            names = "--writers",
            paramLabel = "<n>",
            defaultValue = "4",
            description = "sessions that write (default: 4)")
    private int writers;

    @Option(
            names = "--keep-seconds",
            paramLabel = "<n>",
            defaultValue = "0",
            description = "how long the server is kept at the end, to look around (default: 0)")
    private int keepSeconds;

    DemoCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws SQLException {
        Demo demo = new Demo(surroundings.terminal(), surroundings.home(), options());
        surroundings.shutdown().stopWith(demo::stop);
        return switch (demo.run()) {
            case EQUAL -> ExitCode.DONE.number();
            case FAILED -> ExitCode.FAILED.number();
            case STOPPED -> ExitCode.INTERRUPTED.number();
        };
    }

    private DemoOptions options() {
        try {
            return new DemoOptions(rows, writers, DemoOptions.USUALLY_UNDISTURBED, Duration.ofSeconds(keepSeconds));
        } catch (IllegalArgumentException e) {
            throw new UsageException(List.of(String.valueOf(e.getMessage())));
        }
    }
}
