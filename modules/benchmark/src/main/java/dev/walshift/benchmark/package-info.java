/**
 * Measures walshift side by side with others in one run, and writes what it measured to docs/performance. Nothing else in the
 * repository states a figure of its own.
 */
@NullMarked
package dev.walshift.benchmark;

import org.jspecify.annotations.NullMarked;
