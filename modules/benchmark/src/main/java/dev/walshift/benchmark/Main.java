package dev.walshift.benchmark;

import dev.walshift.testkit.ServerVersion;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code mvn -Pbenchmark -DskipTests verify -Dbenchmark="idle"}: see docs/performance.md. */
@Command(
        name = "benchmark",
        description = "Measures walshift side by side with others. Linux only.",
        mixinStandardHelpOptions = true)
public final class Main {
    @Option(names = "--home", required = true, description = "The repository.")
    private Path home = Path.of(".");

    @Option(
            names = "--pages",
            scope = ScopeType.INHERIT,
            description = "Where the results go (docs/performance of the repository).")
    private Optional<Path> pages = Optional.empty();

    @Option(
            names = "--server",
            scope = ScopeType.INHERIT,
            description = "Folder of an installed server, such as /usr/lib/postgresql/15; pg_repack needs one.")
    private Optional<Path> installed = Optional.empty();

    @Option(
            names = "--server-version",
            scope = ScopeType.INHERIT,
            description = "Its major version, or that of the server that comes with the build.",
            defaultValue = "18")
    private int version;

    @Option(
            names = "--rounds",
            scope = ScopeType.INHERIT,
            description = "How often each contender runs (${DEFAULT-VALUE}).",
            defaultValue = "5")
    private int rounds;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    /** Exit code 0 if all was measured. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Main())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(arguments));
    }

    @Command(description = "Against the blocking ALTER, pg_repack and the work done by hand, with nobody else there.")
    void idle(
            @Option(names = "--dataset", defaultValue = "NARROW", description = "One of ${COMPLETION-CANDIDATES}.")
                    Dataset dataset,
            @Option(names = "--rows", defaultValue = "3000000") long rows)
            throws SQLException, IOException, InterruptedException {
        new IdleBenchmark(bench()).run(dataset, rows, arguments());
    }

    @Command(description = "Changes read from a slot, against pg_recvlogical on the same WAL.")
    void stream(@Option(names = "--changes", defaultValue = "1000000") long changes)
            throws SQLException, IOException, InterruptedException {
        new StreamBenchmark(bench()).run(changes, arguments());
    }

    @Command(description = "What an application notices that never pauses, against pg_repack. Needs pgbench.")
    void hot(
            @Option(names = "--load", defaultValue = "UPDATES", description = "One of ${COMPLETION-CANDIDATES}.")
                    Load load,
            @Option(names = "--clients", defaultValue = "4") int clients,
            @Option(names = "--rows", defaultValue = "3000000") long rows)
            throws SQLException, IOException, InterruptedException {
        new HotBenchmark(bench()).run(load, clients, rows, arguments());
    }

    @Command(description = "Time that the swap's lock is held under load. Needs pgbench.")
    void cutovers(
            @Option(names = "--cutovers", defaultValue = "50") int cutovers,
            @Option(names = "--clients", defaultValue = "4") int clients)
            throws SQLException, IOException, InterruptedException {
        new CutoverBenchmark(bench()).run(cutovers, clients, arguments());
    }

    @Command(description = "Tables of growing size.")
    void growth(@Option(names = "--rows", split = ",", defaultValue = "1000000,3000000,10000000") List<Long> rows)
            throws SQLException, IOException, InterruptedException {
        new GrowthBenchmark(bench()).run(rows, arguments());
    }

    private Bench bench() {
        return new Bench(
                home.toAbsolutePath().normalize(),
                installed,
                new ServerVersion(version),
                rounds,
                pages.orElse(home.resolve("docs/performance")),
                System.out);
    }

    /** As given, without where the repository is. */
    private List<String> arguments() {
        return spec.commandLine().getParseResult().originalArgs().stream()
                .skip(2)
                .toList();
    }
}
