/** The commands, and all the wiring, by constructors. {@link dev.walshift.cli.Main} is where to begin. */
@NullMarked
package dev.walshift.cli;

import org.jspecify.annotations.NullMarked;
