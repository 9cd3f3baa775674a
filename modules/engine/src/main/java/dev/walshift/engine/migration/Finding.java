package dev.walshift.engine.migration;

import java.util.Optional;

/**
 * Something of walshift's in a database that the doctor tells of.
 *
 * @param kind what kind of thing
 * @param object its name; quoted if it is an object of the database
 * @param migration whose it is
 * @param message what is the matter
 * @param remedy what to do about it
 * @param cleanable whether the doctor can remove it, or put it right
 */
public record Finding(
        Kind kind, String object, Optional<Long> migration, String message, String remedy, boolean cleanable) {

    /** The kinds of finding, in the order in which they are cleaned: nothing that tells how to put others right goes before them. */
    public enum Kind {
        /** A migration that is not over and that no process works on. Only the operator knows what is to become of it. */
        UNFINISHED_MIGRATION,
        PUBLICATION,
        SLOT,
        /** Set for the time of a migration, and not restored. */
        REPLICA_IDENTITY,
        /** Belongs to no column, since a migration took it from its owner. */
        SEQUENCE,
        SCHEMA,
        /** An old table that was kept on purpose: no fault. */
        RETIRED_TABLE;

        /** Whether it is put right by what the schemas tell, so that those have to stay until it is. */
        boolean changesTheSource() {
            return this == REPLICA_IDENTITY || this == SEQUENCE;
        }
    }

    /** Whether something has to be done about it. */
    public boolean isFault() {
        return kind != Kind.RETIRED_TABLE;
    }
}
