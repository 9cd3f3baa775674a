package dev.walshift.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.cli.terminal.Terminal;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.RunLast;

/** The program: wires the commands and runs the one that was asked for. */
public final class Main {
    /** Longer than any chunk, index build step or sync step should take to come to a safe point. */
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(60);

    /** The shell's code for a process that a signal ended is this and the signal's number. */
    private static final int KILLED_BY = 128;

    private static final int HELP_WIDTH = 100;
    /** What the JVM makes of each byte of an argument that the locale's character set can't hold. */
    private static final String UNREADABLE = "\ufffd";

    private final Surroundings surroundings;
    private final Failures failures;

    Main(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.failures = new Failures(surroundings.terminal());
    }

    public static void main(String[] args) {
        Terminal terminal = Terminal.ofThisProcess();
        System.setErr(terminal.err());
        Logging.includeJavaLogging();
        Shutdown shutdown = new Shutdown(terminal);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> shutdown.stop(STOP_PATIENCE).ifPresent(Runtime.getRuntime()::halt), "shutdown"));
        Signals.handle(number -> System.exit(KILLED_BY + number), shutdown::hurry);
        Path home = Path.of(System.getProperty("user.home"));
        int exitCode = new Main(new Surroundings(terminal, System.getenv(), home, shutdown)).run(args);
        shutdown.finished(exitCode);
        System.exit(exitCode);
    }

    /** Runs one command; returns the exit code. */
    int run(String... args) {
        if (Arrays.stream(args).anyMatch(argument -> argument.contains(UNREADABLE))) {
            return failures.wrongUsage("an argument has characters that this locale can't hold; "
                    + "set LC_ALL=C.UTF-8, or use a configuration file (--config)");
        }
        try {
            return commandLine().execute(args);
        } catch (RuntimeException | Error e) {
            return failures.unexpected(e);
        }
    }

    private CommandLine commandLine() {
        WalshiftCommand walshift = new WalshiftCommand(surroundings.terminal().err());
        CommandLine line = new CommandLine(walshift)
                .addSubcommand(new PlanCommand(surroundings))
                .addSubcommand(new RunCommand(surroundings))
                .addSubcommand(new ResumeCommand(surroundings))
                .addSubcommand(new StatusCommand(surroundings))
                .addSubcommand(new VerifyCommand(surroundings))
                .addSubcommand(new AbortCommand(surroundings))
                .addSubcommand(new PaceCommand(surroundings))
                .addSubcommand(new DoctorCommand(surroundings))
                .addSubcommand(new DemoCommand(surroundings))
                .addSubcommand(new HelpCommand())
                .setOut(new PrintWriter(surroundings.terminal().out(), true, UTF_8))
                .setErr(new PrintWriter(surroundings.terminal().err(), true, UTF_8))
                .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
                .setUsageHelpWidth(HELP_WIDTH)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(failures)
                .setExecutionExceptionHandler(failures);
        return line.setExecutionStrategy(parsed -> {
            Logging.setLevel(walshift.logLevel());
            return new RunLast().execute(parsed);
        });
    }
}
