/** Faults between a client and a real server, at instants that a test chooses. */
@NullMarked
package dev.walshift.testkit.fault;

import org.jspecify.annotations.NullMarked;
