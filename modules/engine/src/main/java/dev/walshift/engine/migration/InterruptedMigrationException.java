package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;

/** The migration was interrupted; the journal knows how far it came, and the same command goes on from there. */
public final class InterruptedMigrationException extends MigrationException {
    private static final long serialVersionUID = 1L;

    InterruptedMigrationException(ProblemCode code, String message, String remedy, Throwable cause) {
        super(code, message, remedy, cause);
    }
}
