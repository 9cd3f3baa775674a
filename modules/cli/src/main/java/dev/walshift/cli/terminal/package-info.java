/** What people see: the two output streams, the status line, numbers with their units. */
@NullMarked
package dev.walshift.cli.terminal;

import org.jspecify.annotations.NullMarked;
