package dev.walshift.cli;

import dev.walshift.cli.config.UsageException;
import dev.walshift.cli.terminal.Terminal;
import dev.walshift.engine.MigrationException;
import java.sql.SQLException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what commands throw into words and an exit code; a stack trace goes to the log, at debug. */
final class Failures implements IParameterExceptionHandler, IExecutionExceptionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

    private final Terminal terminal;

    Failures(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public int handleParseException(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        terminal.err().println("walshift: " + Passwords.hide(String.valueOf(e.getMessage()), List.of(args)));
        if (UnmatchedArgumentException.printSuggestions(e, command.getErr())) {
            return ExitCode.WRONG_USAGE.number();
        }
        return wrongUsage(List.of(), command);
    }

    @Override
    public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
        LOG.debug("{} failed", command.getCommandName(), e);
        if (e instanceof UsageException usage) {
            return wrongUsage(usage.problems(), command);
        }
        boolean json = command.getCommand() instanceof ReportsJson reports && reports.json();
        return report(outcome(e, command.getCommand() instanceof GoesOn), json);
    }

    /** For what was thrown outside of any command. */
    int unexpected(Throwable e) {
        LOG.debug("walshift failed", e);
        return report(new Outcome.Failed(Trouble.unexpected(e)), false);
    }

    /** Tells what is wrong with the command line as a whole. */
    int wrongUsage(String problem) {
        terminal.err().println("walshift: " + problem);
        return ExitCode.WRONG_USAGE.number();
    }

    private int wrongUsage(List<String> problems, CommandLine command) {
        problems.forEach(problem -> terminal.err().println("walshift: " + Passwords.hide(problem)));
        terminal.err().printf("Try '%s --help'.%n", command.getCommandSpec().qualifiedName());
        return ExitCode.WRONG_USAGE.number();
    }

    private int report(Outcome outcome, boolean json) {
        new OutcomePrinter(terminal, json).print(outcome);
        return outcome.exitCode().number();
    }

    private static Outcome outcome(Exception e, boolean mayBeUnderWay) {
        return switch (e) {
            case MigrationException migration -> Outcome.of(migration);
            case ConnectionFailedException connection -> outcome(Trouble.of(connection, mayBeUnderWay), mayBeUnderWay);
            case SQLException server -> outcome(Trouble.of(server), mayBeUnderWay);
            default -> outcome(Trouble.unexpected(e), mayBeUnderWay);
        };
    }

    private static Outcome outcome(Trouble trouble, boolean mayBeUnderWay) {
        return mayBeUnderWay ? new Outcome.Interrupted(trouble) : new Outcome.Failed(trouble);
    }
}
