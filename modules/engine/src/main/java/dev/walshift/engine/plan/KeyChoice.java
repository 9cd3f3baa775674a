package dev.walshift.engine.plan;

import dev.walshift.engine.table.IdentityKey;
import dev.walshift.postgres.Identifier;
import java.util.Optional;

/**
 * How rows will be told apart.
 *
 * @param target the altered clone's index on the key's columns
 * @param replicaIdentityIndex the source's index that must become its replica identity meanwhile
 */
record KeyChoice(IdentityKey key, Index target, Optional<Identifier> replicaIdentityIndex) {}
