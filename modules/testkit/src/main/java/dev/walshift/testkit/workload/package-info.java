/**
 * Traffic that knows what it has done: writers change a table while a migration runs, and keep the truth about what they
 * committed.
 */
@NullMarked
package dev.walshift.testkit.workload;

import org.jspecify.annotations.NullMarked;
