/** Judges: compare a migrated table with the truth, row by row, and say what is missing, too much or different. */
@NullMarked
package dev.walshift.testkit.oracle;

import org.jspecify.annotations.NullMarked;
