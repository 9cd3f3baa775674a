/** The tables of a migration as values: source, shadow, identity key, column mapping, fence. */
@NullMarked
package dev.walshift.engine.table;

import org.jspecify.annotations.NullMarked;
