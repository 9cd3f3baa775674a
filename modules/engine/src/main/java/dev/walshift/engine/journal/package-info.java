/** The migration's durable memory, in the migrated database itself: states, copy progress, key log. */
@NullMarked
package dev.walshift.engine.journal;

import org.jspecify.annotations.NullMarked;
