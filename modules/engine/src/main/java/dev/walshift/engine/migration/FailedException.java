package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import org.jspecify.annotations.Nullable;

/**
 * The migration failed and was cleaned up: slot and publication are gone, the source is as it was. So is the shadow gone, unless it is
 * kept as evidence that it differs from the source.
 */
public final class FailedException extends MigrationException {
    private static final long serialVersionUID = 1L;

    FailedException(ProblemCode code, String message, String remedy, @Nullable Throwable cause) {
        super(code, message, remedy, cause);
    }
}
