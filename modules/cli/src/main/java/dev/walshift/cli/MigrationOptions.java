package dev.walshift.cli;

import dev.walshift.cli.config.MigrationValues;
import dev.walshift.cli.config.UsageException;
import dev.walshift.cli.terminal.Terminal;
import dev.walshift.engine.pace.Budgets;
import dev.walshift.engine.pace.PaceSettings;
import dev.walshift.engine.verify.VerifyMode;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say where and how a migration goes, shared by {@code plan}, {@code run} and {@code resume}. */
final class MigrationOptions {
    @Mixin
    private final WorkOptions work = new WorkOptions();

    @Option(
            names = "--drop-retired",
            negatable = true,
            description =
                    "drop the old table at the end; by default it is kept, out of the way, in a schema of walshift's")
    private @Nullable Boolean dropRetired;

    @Option(
            names = "--indexes-first",
            negatable = true,
            description = "make the new table's indexes before its rows are copied: slower, but no build holds vacuum"
                    + " and the replication slot back for its time")
    private @Nullable Boolean indexesFirst;

    @Option(
            names = "--verify",
            paramLabel = "full|sample|off",
            description = "compare every row of the old and the new table before the swap, a random sample, or nothing"
                    + " (default: full)")
    private @Nullable VerifyMode verify;

    /**
     * Command line over configuration file.
     *
     * @param terminal is told of a password that others can see
     * @throws UsageException with all that is wrong in both
     */
    MigrationValues values(Terminal terminal, ChangeOptions change) {
        return values(terminal, change, MigrationValues::problems);
    }

    /** The same for a migration that is begun: what to change is known, and a file that says it is not asked. */
    MigrationValues valuesToGoOn(Terminal terminal) {
        return values(terminal, new ChangeOptions(), MigrationValues::problemsToGoOn);
    }

    private MigrationValues values(
            Terminal terminal, ChangeOptions change, Function<MigrationValues, List<String>> check) {
        return work.values(terminal, problems -> given(change, problems), check);
    }

    private MigrationValues given(ChangeOptions change, Consumer<String> problems) {
        return new MigrationValues(
                Optional.empty(),
                change.values(problems),
                Optional.empty(),
                Optional.ofNullable(dropRetired),
                Optional.ofNullable(indexesFirst),
                Optional.ofNullable(verify),
                Budgets.DEFAULT,
                PaceSettings.DEFAULT);
    }
}
