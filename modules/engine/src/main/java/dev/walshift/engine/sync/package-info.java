/** Catch up: brings the shadow towards, and exactly to, the state of the source. */
@NullMarked
package dev.walshift.engine.sync;

import org.jspecify.annotations.NullMarked;
