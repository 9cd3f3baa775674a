package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.QualifiedName;

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
        PUBLICATION(
                "%s: its subscribers would see the swap of table %s",
                "Read what they see in docs/compatibility.md, and say --%s (%s: true in a file)"
                        .formatted(Consent.PUBLICATIONS.key(), Consent.PUBLICATIONS.key())),
        SUBSCRIPTION(
                "%s writes to table %s and would not find the new one",
                "Change the table on the publisher, or end the subscription first"),
        OTHER(Kind.RECREATE);

        private static final String RECREATE = "Drop it and create it again after the migration, if that is acceptable";

        private final String refusal;
        private final String remedy;

        Kind(String remedy) {
            this("%s hangs on table %s, and this release does not carry it over the swap", remedy);
        }

        /** @param refusal with places for its own name and the table's */
        Kind(String refusal, String remedy) {
            this.refusal = refusal;
            this.remedy = remedy;
        }

        /** Why nobody carries it. */
        String refusal(String dependent, QualifiedName table) {
            return refusal.formatted(dependent, table);
        }

        /** What the operator can do where nobody carries it. */
        String remedy() {
            return remedy;
        }
    }
}
