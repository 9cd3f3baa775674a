package dev.walshift.engine.migration;

import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.verify.VerifyMode;

/**
 * What the operator wants done, and how.
 *
 * @param alter the change of schema
 * @param workers parallel workers for the copy, index builds and sync steps, 1 to 64
 * @param dropRetired whether the old table is dropped at the end; otherwise it stays in a schema of walshift's
 * @param indexesFirst whether the shadow gets its indexes before its rows: the copy is slower then, but no build holds a snapshot
 * @param verify how much of source and shadow is compared before the swap
 */
public record MigrationRequest(
        AlterRequest alter, int workers, boolean dropRetired, boolean indexesFirst, VerifyMode verify) {
    public static final int MAX_WORKERS = 64;

    public MigrationRequest {
        if (workers < 1 || workers > MAX_WORKERS) {
            throw new IllegalArgumentException("workers must be 1..%d, got %d".formatted(MAX_WORKERS, workers));
        }
    }

    /** With the indexes built once the rows are there. */
    public MigrationRequest(AlterRequest alter, int workers, boolean dropRetired, VerifyMode verify) {
        this(alter, workers, dropRetired, false, verify);
    }

    /** The same with another form of the change. */
    MigrationRequest with(AlterRequest other) {
        return new MigrationRequest(other, workers, dropRetired, indexesFirst, verify);
    }
}
