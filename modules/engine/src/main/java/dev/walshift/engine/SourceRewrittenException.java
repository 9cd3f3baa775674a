package dev.walshift.engine;

import dev.walshift.postgres.QualifiedName;

/** The source has a new file: its pages are no longer those the copy counted, and rows may have gone without a key. */
public final class SourceRewrittenException extends MigrationException {
    private static final long serialVersionUID = 1L;

    public SourceRewrittenException(QualifiedName source) {
        super(
                ProblemCode.SOURCE_REWRITTEN,
                "%s was rewritten meanwhile (TRUNCATE, VACUUM FULL, CLUSTER or ALTER TABLE)".formatted(source),
                "The copy has to begin again.");
    }
}
