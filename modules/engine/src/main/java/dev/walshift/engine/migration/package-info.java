/** The conductor: the way of a migration from plan to finish. */
@NullMarked
package dev.walshift.engine.migration;

import org.jspecify.annotations.NullMarked;
