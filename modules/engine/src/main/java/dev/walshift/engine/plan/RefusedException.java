package dev.walshift.engine.plan;

import static java.util.stream.Collectors.joining;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.Problem;

/** The plan found problems; nothing was touched. */
public final class RefusedException extends MigrationException {
    private static final long serialVersionUID = 1L;

    private final MigrationPlan plan;

    /** @param plan one with problems */
    public RefusedException(MigrationPlan plan) {
        super(
                plan.problems().getFirst().code(),
                plan.problems().stream().map(Problem::message).collect(joining("; ")),
                plan.problems().stream().map(Problem::remedy).distinct().collect(joining("; ")));
        this.plan = plan;
    }

    /** What was found, all of it. */
    public MigrationPlan plan() {
        return plan;
    }
}
