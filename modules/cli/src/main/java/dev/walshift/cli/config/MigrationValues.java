package dev.walshift.cli.config;

import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.migration.MigrationSettings;
import dev.walshift.engine.pace.Budgets;
import dev.walshift.engine.pace.PaceSettings;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Identifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the command line, or the configuration file, says about a migration; what it leaves open is empty.
 *
 * @param url of the database
 * @param table as written
 * @param alter clauses or whole statements
 * @param using expressions by column
 * @param columnOrder of the new table
 * @param tablespace where the new table goes
 * @param rebuild whether the table is written anew even if nothing asks for it
 * @param targetDdl file with the new table's own DDL; a migration that goes on does not need it
 * @param consents what the operator agrees to
 * @param workers parallel workers
 * @param dropRetired whether the old table is dropped at the end
 * @param verify how much of old and new table is compared before the swap
 * @param budgets what the migration may use of the server
 * @param pace what sets the migration's pace
 */
public record MigrationValues(
        Optional<String> url,
        Optional<String> table,
        Optional<List<String>> alter,
        Optional<Map<Identifier, String>> using,
        Optional<List<Identifier>> columnOrder,
        Optional<Identifier> tablespace,
        Optional<Boolean> rebuild,
        Optional<Path> targetDdl,
        Set<Consent> consents,
        Optional<Integer> workers,
        Optional<Boolean> dropRetired,
        Optional<VerifyMode> verify,
        Budgets budgets,
        PaceSettings pace) {
    /** What a small server can spare beside the application; how much a larger one can, only the operator knows. */
    public static final int DEFAULT_WORKERS = 2;

    private static final Pattern WHOLE_STATEMENT = Pattern.compile("\\bALTER\\s+TABLE\\b", Pattern.CASE_INSENSITIVE);

    public static MigrationValues none() {
        return new MigrationValues(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Set.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Budgets.DEFAULT,
                PaceSettings.DEFAULT);
    }

    /** These values, and those of {@code others} where these are empty; consents of both. */
    public MigrationValues over(MigrationValues others) {
        Set<Consent> all = new HashSet<>(consents);
        all.addAll(others.consents);
        return new MigrationValues(
                url.or(others::url),
                table.or(others::table),
                alter.or(others::alter),
                using.or(others::using),
                columnOrder.or(others::columnOrder),
                tablespace.or(others::tablespace),
                rebuild.or(others::rebuild),
                targetDdl.or(others::targetDdl),
                all,
                workers.or(others::workers),
                dropRetired.or(others::dropRetired),
                verify.or(others::verify),
                budgets.over(others.budgets),
                pace.over(others.pace));
    }

    /** What is wrong with them as a whole, one line each. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        boolean alters =
                alter.isPresent() || columnOrder.isPresent() || tablespace.isPresent() || rebuild.orElse(false);
        if (!alters && targetDdl.isEmpty()) {
            problems.add(
                    "nothing to change: give --alter, --column-order, --tablespace, --rebuild or --target-ddl, here or"
                            + " in the configuration file");
        }
        if (targetDdl.isPresent() && alters) {
            problems.add(
                    "--target-ddl gives the whole new table: give either it, or --alter, --column-order, --tablespace"
                            + " and --rebuild");
        }
        targetDdl.flatMap(TextFile::problem).ifPresent(problem -> problems.add("target-ddl: " + problem));
        if (table.isEmpty()
                && alter.orElse(List.of()).stream()
                        .noneMatch(text -> WHOLE_STATEMENT.matcher(text).find())) {
            problems.add("no table: give --table, or a whole ALTER TABLE statement in --alter");
        }
        problems.addAll(problemsToGoOn());
        return problems;
    }

    /** What of that matters for a migration that is begun already. */
    public List<String> problemsToGoOn() {
        List<String> problems = new ArrayList<>();
        workers.filter(number -> number < 1 || number > MigrationRequest.MAX_WORKERS)
                .ifPresent(number -> problems.add("workers must be a whole number from 1 to %d, got %d"
                        .formatted(MigrationRequest.MAX_WORKERS, number)));
        pace.replicas()
                .filter(List::isEmpty)
                .ifPresent(none -> problems.add("replicas must be names between commas, got none"));
        return problems;
    }

    /** The request of a migration that is begun already, with these values where they are not empty. */
    public MigrationRequest over(MigrationRequest begun) {
        return new MigrationRequest(
                begun.alter(),
                workers.orElse(begun.workers()),
                dropRetired.orElse(begun.dropRetired()),
                verify.orElse(begun.verify()));
    }

    /** How the request is to be carried out. */
    public MigrationSettings toSettings() {
        return MigrationSettings.DEFAULT.with(budgets).with(pace);
    }

    /** The request, once there are no {@link #problems()}. */
    public MigrationRequest toRequest() {
        List<String> clauses = new ArrayList<>(alter.orElse(List.of()));
        tablespace.map(name -> "SET TABLESPACE " + name.sql()).ifPresent(clauses::add);
        AlterRequest change = new AlterRequest(
                table,
                clauses,
                using.orElse(Map.of()),
                columnOrder.orElse(List.of()),
                rebuild.orElse(false),
                targetDdl.map(TextFile::text),
                consents);
        return new MigrationRequest(
                change, workers.orElse(DEFAULT_WORKERS), dropRetired.orElse(false), verify.orElse(VerifyMode.FULL));
    }
}
