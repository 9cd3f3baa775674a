/** Plan: asks the server, by a probe clone, what a statement would change, and finds the safe way to do it. */
@NullMarked
package dev.walshift.engine.plan;

import org.jspecify.annotations.NullMarked;
