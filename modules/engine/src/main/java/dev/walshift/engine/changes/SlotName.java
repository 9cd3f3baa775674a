package dev.walshift.engine.changes;

import dev.walshift.postgres.Identifier;

/**
 * The names of a migration's publication and replication slot.
 *
 * @param slot unique in the whole cluster, so the database is part of it
 */
public record SlotName(Identifier slot, Identifier publication) {

    public static SlotName of(long databaseOid, long migrationId) {
        return new SlotName(
                new Identifier("walshift_%d_%d".formatted(databaseOid, migrationId)),
                new Identifier("walshift_%d".formatted(migrationId)));
    }
}
