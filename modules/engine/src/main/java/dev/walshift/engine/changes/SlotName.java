package dev.walshift.engine.changes;

import dev.walshift.postgres.Identifier;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names of a migration's publication and replication slot.
 *
 * @param slot unique in the whole cluster, so the database is part of it
 */
public record SlotName(Identifier slot, Identifier publication) {
    private static final Pattern NUMBER_AT_END = Pattern.compile("[0-9]{1,18}$");

    public static SlotName of(long databaseOid, long migrationId) {
        return new SlotName(
                new Identifier("walshift_%d_%d".formatted(databaseOid, migrationId)),
                new Identifier("walshift_%d".formatted(migrationId)));
    }

    /** The number of the migration whose slot has this name; empty if it is not of the kind that {@link #of} makes. */
    public static Optional<Long> migrationOf(long databaseOid, Identifier slot) {
        return Optional.of(NUMBER_AT_END.matcher(slot.name()))
                .filter(Matcher::find)
                .map(number -> Long.parseLong(number.group()))
                .filter(migration ->
                        migration > 0 && of(databaseOid, migration).slot().equals(slot));
    }
}
