package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;

/**
 * Where a migration keeps its objects.
 *
 * @param shadowSchema holds the shadow until the swap; it exists and is the migration's own
 * @param retiredSchema where the source goes in the swap
 * @param keyLog the table of changed keys
 */
public record ShadowNames(Identifier shadowSchema, Identifier retiredSchema, QualifiedName keyLog) {}
