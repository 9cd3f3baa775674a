package dev.walshift.engine;

import org.jspecify.annotations.Nullable;

/** A migration can't go on: says what failed and what to do next. */
public class MigrationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ProblemCode code;
    private final String remedy;

    public MigrationException(ProblemCode code, String message, String remedy) {
        super(message);
        this.code = code;
        this.remedy = remedy;
    }

    public MigrationException(ProblemCode code, String message, String remedy, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.remedy = remedy;
    }

    public ProblemCode code() {
        return code;
    }

    public String remedy() {
        return remedy;
    }
}
