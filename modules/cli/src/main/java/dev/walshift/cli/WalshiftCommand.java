package dev.walshift.cli;

import java.io.PrintStream;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** What stands before and beside all commands. */
@Command(
        name = "walshift",
        description = "Changes the schema of a live PostgreSQL table without triggers and without downtime.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "2:wrong options or configuration file; nothing was touched",
            "3:refused, as the plan found something in the way; nothing was touched",
            "4:failed, and cleaned up; what shows that rows differ is kept",
            "5:interrupted; the same command goes on from there",
            "6:doctor found something that is left over"
        })
final class WalshiftCommand implements Callable<Integer> {
    private final PrintStream err;

    @Option(
            names = "--log-level",
            paramLabel = "<level>",
            scope = ScopeType.INHERIT,
            defaultValue = "warn",
            description = "what goes to the log on standard error: ${COMPLETION-CANDIDATES} (default: warn)")
    private Logging.LogLevel logLevel = Logging.LogLevel.WARN;

    @Spec
    private @Nullable CommandSpec spec;

    /**
     * @param err receives the help when no command is given
     */
    WalshiftCommand(PrintStream err) {
        this.err = err;
    }

    @Override
    public Integer call() {
        Optional.ofNullable(spec).ifPresent(self -> self.commandLine().usage(err));
        return ExitCode.WRONG_USAGE.number();
    }

    Logging.LogLevel logLevel() {
        return logLevel;
    }
}
