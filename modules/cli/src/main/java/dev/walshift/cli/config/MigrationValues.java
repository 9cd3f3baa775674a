package dev.walshift.cli.config;

import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.migration.MigrationSettings;
import dev.walshift.engine.pace.Budgets;
import dev.walshift.engine.pace.PaceSettings;
import dev.walshift.engine.verify.VerifyMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the command line, or the configuration file, says about a migration; what it leaves open is empty.
 *
 * @param url of the database
 * @param change which table to change and how
 * @param workers parallel workers
 * @param dropRetired whether the old table is dropped at the end
 * @param indexesFirst whether the new table gets its indexes before its rows
 * @param verify how much of old and new table is compared before the swap
 * @param budgets what the migration may use of the server
 * @param pace what sets the migration's pace
 */
public record MigrationValues(
        Optional<String> url,
        ChangeValues change,
        Optional<Integer> workers,
        Optional<Boolean> dropRetired,
        Optional<Boolean> indexesFirst,
        Optional<VerifyMode> verify,
        Budgets budgets,
        PaceSettings pace) {
    /** What a small server can spare beside the application; how much a larger one can, only the operator knows. */
    public static final int DEFAULT_WORKERS = 2;

    public static MigrationValues none() {
        return new MigrationValues(
                Optional.empty(),
                ChangeValues.NONE,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Budgets.DEFAULT,
                PaceSettings.DEFAULT);
    }

    /** These values, and those of {@code others} where these are empty; consents of both. */
    public MigrationValues over(MigrationValues others) {
        return new MigrationValues(
                url.or(others::url),
                change.over(others.change),
                workers.or(others::workers),
                dropRetired.or(others::dropRetired),
                indexesFirst.or(others::indexesFirst),
                verify.or(others::verify),
                budgets.over(others.budgets),
                pace.over(others.pace));
    }

    /** What is wrong with them as a whole, one line each. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>(change.problems());
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
                indexesFirst.orElse(begun.indexesFirst()),
                verify.orElse(begun.verify()));
    }

    /** How the request is to be carried out. */
    public MigrationSettings toSettings() {
        return MigrationSettings.DEFAULT.with(budgets).with(pace);
    }

    /** The request, once there are no {@link #problems()}. */
    public MigrationRequest toRequest() {
        return new MigrationRequest(
                change.toRequest(),
                workers.orElse(DEFAULT_WORKERS),
                dropRetired.orElse(false),
                indexesFirst.orElse(false),
                verify.orElse(VerifyMode.FULL));
    }
}
