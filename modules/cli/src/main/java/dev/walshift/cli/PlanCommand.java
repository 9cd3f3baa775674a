package dev.walshift.cli;

import dev.walshift.cli.config.MigrationValues;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.pace.Limits;
import dev.walshift.engine.plan.MigrationPlan;
import dev.walshift.postgres.Database;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows what {@code run} would do. */
@Command(
        name = "plan",
        description = "Shows what a run would do, or all that stands in its way. Touches nothing.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class)
final class PlanCommand implements Callable<Integer>, ReportsJson {
    private final Surroundings surroundings;

    @Mixin
    private final ChangeOptions change = new ChangeOptions();

    @Mixin
    private final MigrationOptions options = new MigrationOptions();

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    PlanCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        MigrationValues values = options.values(surroundings.terminal(), change);
        MigrationRequest request = values.toRequest();
        Database database = new Connections(surroundings).open(values.url());
        Migration migration = new Migration(database, request, values.toSettings());
        MigrationPlan plan = migration.plan();
        Limits limits = migration.limits(plan);
        List<String> steps = plan.isPossible() ? PlanSteps.of(plan, request) : List.of();
        if (json) {
            surroundings.terminal().out().println(Json.of(plan, limits, steps));
        } else if (plan.isPossible()) {
            new PlanPrinter(surroundings.terminal().out()).print(plan, limits, steps);
        } else {
            new PlanPrinter(surroundings.terminal().out()).printRefusal(plan.problems());
        }
        return (plan.isPossible() ? ExitCode.DONE : ExitCode.REFUSED).number();
    }

    @Override
    public boolean json() {
        return json;
    }
}
