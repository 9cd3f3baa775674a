/** Copy: the fenced, paged copy of the rows that are older than the change stream. */
@NullMarked
package dev.walshift.engine.copy;

import org.jspecify.annotations.NullMarked;
