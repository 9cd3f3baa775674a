package dev.walshift.engine.plan.dependents;

/** What the swap does only if the operator agrees. */
public enum Consent {
    /** Tables that are published: what the subscribers see is in the documentation. */
    PUBLICATIONS("accept-publications"),
    /** Materialized views are made, and filled, anew. */
    MATERIALIZED_VIEWS("rebuild-materialized-views");

    private final String key;

    Consent(String key) {
        this.key = key;
    }

    /** How the operator says so in a configuration file, and with two dashes before it on the command line. */
    public String key() {
        return key;
    }
}
