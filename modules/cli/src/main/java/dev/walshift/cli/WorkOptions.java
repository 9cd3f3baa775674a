package dev.walshift.cli;

import dev.walshift.cli.config.ChangeValues;
import dev.walshift.cli.config.ConfigFile;
import dev.walshift.cli.config.MigrationValues;
import dev.walshift.cli.config.UsageException;
import dev.walshift.cli.terminal.Terminal;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.pace.Budgets;
import dev.walshift.engine.pace.Units;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say where to work and what it may take of the server, for every command that works on tables. */
final class WorkOptions {
    @Mixin
    private final PaceOptions pace = new PaceOptions();

    @Option(
            names = "--config",
            paramLabel = "<file>",
            description = "YAML file with these options, by the same names without the dashes; options given here win")
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--url",
            paramLabel = "<url>",
            description = "postgresql://user@host:port/database; what is missing comes from PGHOST, PGUSER, ..., "
                    + "PGSERVICE and ~/.pgpass, as with psql. Keep the password there, not here")
    private Optional<String> url = Optional.empty();

    @Option(
            names = "--workers",
            paramLabel = "<n>",
            description = "parallel workers for copying, indexes and catching up, 1 to " + MigrationRequest.MAX_WORKERS
                    + " (default: " + MigrationValues.DEFAULT_WORKERS + ")")
    private @Nullable Integer workers;

    @Option(
            names = "--max-slot-wal",
            paramLabel = "<size>",
            description = "WAL that the server may keep for the replication slot, such as 50GB, or off; near it copying"
                    + " slows down, at it the migration gives itself up (default: 80 %% of max_slot_wal_keep_size,"
                    + " or without that the table's size, at least 4GB and at most 64GB)")
    private Optional<String> maxSlotWal = Optional.empty();

    @Option(
            names = "--max-key-log",
            paramLabel = "<size>",
            description = "size of the log of changed keys on disk, or off; at it the migration gives itself up "
                    + "(default: 10GB)")
    private Optional<String> maxKeyLog = Optional.empty();

    @Option(
            names = "--max-snapshot-age",
            paramLabel = "<time>",
            description = "how long one transaction, such as an index build, may keep vacuum from removing dead rows, "
                    + "such as 90min, or off; at it the migration gives itself up (default: 2h)")
    private Optional<String> maxSnapshotAge = Optional.empty();

    @Option(
            names = "--max-time",
            paramLabel = "<time>",
            description = "time after which the run is interrupted, such as 6h; the same command goes on from there "
                    + "(default: off)")
    private Optional<String> maxTime = Optional.empty();

    /**
     * Command line over configuration file.
     *
     * @param terminal is told of a password that others can see
     * @param more what the command has beside these options; it is given what receives problems, one line each
     * @param check tells what is wrong as a whole
     * @throws UsageException with all that is wrong in both
     */
    MigrationValues values(
            Terminal terminal,
            Function<Consumer<String>, MigrationValues> more,
            Function<MigrationValues, List<String>> check) {
        Passwords.warnIfVisible(url, terminal);
        List<String> problems = new ArrayList<>();
        MigrationValues inFile =
                config.map(file -> new ConfigFile(file, problems::add).read()).orElse(MigrationValues.none());
        MigrationValues values =
                more.apply(problems::add).over(given(problems::add)).over(inFile);
        problems.addAll(check.apply(values));
        if (!problems.isEmpty()) {
            throw new UsageException(problems);
        }
        return values;
    }

    private MigrationValues given(Consumer<String> problems) {
        return new MigrationValues(
                url,
                ChangeValues.NONE,
                Optional.ofNullable(workers),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                budgets(problems),
                pace.given(problems));
    }

    private Budgets budgets(Consumer<String> problems) {
        return new Budgets(
                maxSlotWal.flatMap(text -> ChangeOptions.parsed("--max-slot-wal", text, Units::parseSize, problems)),
                maxKeyLog.flatMap(text -> ChangeOptions.parsed("--max-key-log", text, Units::parseSize, problems)),
                maxSnapshotAge.flatMap(
                        text -> ChangeOptions.parsed("--max-snapshot-age", text, Units::parseTime, problems)),
                maxTime.flatMap(text -> ChangeOptions.parsed("--max-time", text, Units::parseTime, problems)));
    }
}
