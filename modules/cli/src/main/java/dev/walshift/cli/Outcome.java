package dev.walshift.cli;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.migration.InterruptedMigrationException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.plan.RefusedException;
import java.util.List;

/** How a command ended. */
sealed interface Outcome {
    record Done(MigrationReport report) implements Outcome {}

    /** Nothing was touched, because of at least one problem. */
    record Refused(List<Problem> problems) implements Outcome {
        public Refused {
            problems = List.copyOf(problems);
        }
    }

    record Failed(Trouble trouble) implements Outcome {}

    record Interrupted(Trouble trouble) implements Outcome {}

    /** Runs {@code migration} to its end. */
    static Outcome of(Migration migration) {
        try {
            return new Done(migration.run());
        } catch (MigrationException e) {
            return of(e);
        }
    }

    static Outcome of(MigrationException e) {
        return switch (e) {
            case RefusedException refused -> new Refused(refused.plan().problems());
            case InterruptedMigrationException interrupted -> new Interrupted(Trouble.of(interrupted));
            default ->
                // Another process has the migration, or it is not one that can be aborted: nothing was begun.
                e.code() == ProblemCode.BUSY
                        ? new Refused(List.of(new Problem(e.code(), String.valueOf(e.getMessage()), e.remedy())))
                        : new Failed(Trouble.of(e));
        };
    }

    default ExitCode exitCode() {
        return switch (this) {
            case Done done -> ExitCode.DONE;
            case Refused refused -> ExitCode.REFUSED;
            case Failed failed -> ExitCode.FAILED;
            case Interrupted interrupted -> ExitCode.INTERRUPTED;
        };
    }

    /** For scripts. */
    default String state() {
        return switch (this) {
            case Done done -> "done";
            case Refused refused -> "refused";
            case Failed failed -> "failed";
            case Interrupted interrupted -> "interrupted";
        };
    }
}
