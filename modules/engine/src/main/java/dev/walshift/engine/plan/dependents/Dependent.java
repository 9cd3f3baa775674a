package dev.walshift.engine.plan.dependents;

/**
 * An object that depends on the table.
 *
 * @param kind for the choice of its carrier
 * @param catalog OID of the system catalog that it is in (pg_depend.classid)
 * @param oid its own
 * @param name as the server describes it, for people
 */
record Dependent(Kind kind, long catalog, long oid, String name) {
    /** Kinds of dependents, as {@link DependencyWalk} tells them apart. */
    enum Kind {
        FOREIGN_KEY(
                "Drop it and add it again after the migration: ADD CONSTRAINT ... NOT VALID, then VALIDATE CONSTRAINT"),
        TRIGGER(Kind.RECREATE),
        VIEW(Kind.RECREATE),
        RULE(Kind.RECREATE),
        POLICY(Kind.RECREATE),
        FUNCTION(Kind.RECREATE),
        PUBLICATION("Take the table out of the publication for the time of the migration, if its subscribers allow it"),
        SUBSCRIPTION("Change the table on the publisher, or end the subscription first"),
        OTHER(Kind.RECREATE);

        private static final String RECREATE = "Drop it and create it again after the migration, if that is acceptable";

        private final String remedy;

        Kind(String remedy) {
            this.remedy = remedy;
        }

        /** What the operator can do where nobody carries it. */
        String remedy() {
            return remedy;
        }
    }
}
