package dev.walshift.cli;

import dev.walshift.cli.config.ColumnNames;
import dev.walshift.cli.config.ConfigFile;
import dev.walshift.cli.config.MigrationValues;
import dev.walshift.cli.config.UsageException;
import dev.walshift.cli.terminal.Terminal;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.postgres.Identifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that describe a migration, shared by {@code plan} and {@code run}. */
final class MigrationOptions {
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
            names = "--table",
            paramLabel = "<table>",
            description = "table to change, as in SQL: orders, public.orders, public.\"Order Items\"")
    private Optional<String> table = Optional.empty();

    @Option(
            names = "--alter",
            paramLabel = "<clause>",
            description = "what would follow ALTER TABLE <table>, or the whole statement; may be repeated")
    private List<String> alter = List.of();

    @Option(
            names = "--using",
            paramLabel = "<column>=<expression>",
            description =
                    "how to convert a column whose type changes, instead of a USING in the clause; may be repeated")
    private List<String> using = List.of();

    @Option(
            names = "--column-order",
            paramLabel = "<a,b,c>",
            description = "order of the new table's columns, by their new names")
    private Optional<String> columnOrder = Optional.empty();

    @Option(
            names = "--workers",
            paramLabel = "<n>",
            description = "parallel workers for copying, indexes and catching up, 1 to " + MigrationRequest.MAX_WORKERS
                    + " (default: " + MigrationValues.DEFAULT_WORKERS + ")")
    private @Nullable Integer workers;

    @Option(
            names = "--drop-retired",
            negatable = true,
            description =
                    "drop the old table at the end; by default it is kept, out of the way, in a schema of walshift's")
    private @Nullable Boolean dropRetired;

    @Option(
            names = "--verify",
            negatable = true,
            description = "compare every row of the old and the new table before the swap (default: yes)")
    private @Nullable Boolean verify;

    /**
     * Command line over configuration file.
     *
     * @param terminal is told of a password that others can see
     * @throws UsageException with all that is wrong in both
     */
    MigrationValues values(Terminal terminal) {
        Passwords.warnIfVisible(url, terminal);
        List<String> problems = new ArrayList<>();
        MigrationValues inFile =
                config.map(file -> new ConfigFile(file, problems::add).read()).orElse(MigrationValues.none());
        MigrationValues values = given(problems::add).over(inFile);
        problems.addAll(values.problems());
        if (!problems.isEmpty()) {
            throw new UsageException(problems);
        }
        return values;
    }

    private MigrationValues given(Consumer<String> problems) {
        return new MigrationValues(
                url,
                table,
                alter.isEmpty() ? Optional.empty() : Optional.of(nonBlank(alter, problems)),
                using.isEmpty() ? Optional.empty() : Optional.of(assignments(problems)),
                columnOrder.flatMap(text -> parsed("--column-order", text, ColumnNames::parseList, problems)),
                Optional.ofNullable(workers),
                Optional.ofNullable(dropRetired),
                Optional.ofNullable(verify));
    }

    private static List<String> nonBlank(List<String> texts, Consumer<String> problems) {
        if (texts.stream().anyMatch(String::isBlank)) {
            problems.accept("--alter must not be blank");
        }
        return texts;
    }

    private Map<Identifier, String> assignments(Consumer<String> problems) {
        Map<Identifier, String> assignments = new LinkedHashMap<>();
        for (String text : using) {
            parsed("--using", text, ColumnNames::parseAssignment, problems)
                    .ifPresent(entry -> assignments.put(entry.getKey(), entry.getValue()));
        }
        return assignments;
    }

    private static <T> Optional<T> parsed(
            String option, String text, Function<String, T> parser, Consumer<String> problems) {
        try {
            return Optional.of(parser.apply(text));
        } catch (IllegalArgumentException e) {
            problems.accept("%s: %s".formatted(option, e.getMessage()));
            return Optional.empty();
        }
    }
}
