package dev.walshift.engine;

/** The operator asked to stop; everything done so far is in the journal. */
public final class StoppedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StoppedException() {
        super("stopped on request");
    }
}
