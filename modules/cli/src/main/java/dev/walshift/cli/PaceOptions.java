package dev.walshift.cli;

import dev.walshift.cli.config.PaceWords;
import dev.walshift.engine.pace.PaceSettings;
import dev.walshift.engine.pace.Units;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** The options that set how fast a migration goes beside the application. */
final class PaceOptions {
    @Option(
            names = "--pace",
            paramLabel = "full|polite|nice",
            description = "how careful to be with the application: slower as soon as its commits take noticeably longer"
                    + " than without walshift (polite), at most half of the time and slower at the first signs (nice),"
                    + " or as fast as can be (default: polite)")
    private Optional<String> pace = Optional.empty();

    @Option(
            names = "--pace-query",
            paramLabel = "<sql>",
            description =
                    "SQL that is asked about twice a second: work slows down while it gives true or a number above"
                            + " zero, or fails, or takes longer than a second")
    private Optional<String> query = Optional.empty();

    @Option(
            names = "--pace-file",
            paramLabel = "<file>",
            description = "while this file exists on the machine that walshift runs on, work stands still")
    private Optional<Path> file = Optional.empty();

    @Option(
            names = "--max-replica-lag",
            paramLabel = "<time>",
            description = "time that a replica may be behind before work slows down, such as 30s, or off; at four times"
                    + " that it stands still (default: 10s)")
    private Optional<String> replicaLag = Optional.empty();

    @Option(
            names = "--replicas",
            paramLabel = "<name,...>",
            description = "application_name of the replicas that matter (default: all that are connected)")
    private Optional<String> replicas = Optional.empty();

    PaceSettings given(Consumer<String> problems) {
        return new PaceSettings(
                pace.flatMap(text -> ChangeOptions.parsed("--pace", text, PaceWords::parseSetting, problems)),
                query.flatMap(text -> ChangeOptions.parsed("--pace-query", text, PaceWords::parseQuery, problems)),
                file,
                replicaLag.flatMap(text -> ChangeOptions.parsed("--max-replica-lag", text, Units::parseTime, problems)),
                replicas.map(text -> PaceWords.splitReplicas(List.of(text))));
    }
}
