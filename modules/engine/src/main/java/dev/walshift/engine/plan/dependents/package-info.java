/**
 * What hangs on a table and is bound to it by OID: found in pg_depend, carried over the swap by one {@link Carrier} for each kind, or
 * refused by name.
 */
@NullMarked
package dev.walshift.engine.plan.dependents;

import org.jspecify.annotations.NullMarked;
