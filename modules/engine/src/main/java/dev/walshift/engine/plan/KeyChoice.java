package dev.walshift.engine.plan;

import dev.walshift.engine.table.IdentityKey;

/**
 * How rows will be told apart.
 *
 * @param source the source's index on the key's columns
 * @param target the altered clone's index on the key's columns
 */
record KeyChoice(IdentityKey key, Index source, Index target) {}
