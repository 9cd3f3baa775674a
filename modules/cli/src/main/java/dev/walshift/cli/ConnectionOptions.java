package dev.walshift.cli;

import dev.walshift.cli.config.ConfigFile;
import dev.walshift.cli.config.UsageException;
import dev.walshift.cli.terminal.Terminal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that say which database, for commands that need no more. */
final class ConnectionOptions {
    @Option(names = "--url", paramLabel = "<url>", description = "database, as for run")
    private Optional<String> url = Optional.empty();

    @Option(names = "--config", paramLabel = "<file>", description = "YAML file, as for run; only its url is used")
    private Optional<Path> config = Optional.empty();

    /**
     * The database, if given here.
     *
     * @param terminal is told of a password that others can see
     * @throws UsageException with all that is wrong in the file
     */
    Optional<String> url(Terminal terminal) {
        Passwords.warnIfVisible(url, terminal);
        return url.or(this::urlInFile);
    }

    private Optional<String> urlInFile() {
        List<String> problems = new ArrayList<>();
        Optional<String> inFile = config.flatMap(
                file -> new ConfigFile(file, problems::add).read().url());
        if (!problems.isEmpty()) {
            throw new UsageException(problems);
        }
        return inFile;
    }
}
