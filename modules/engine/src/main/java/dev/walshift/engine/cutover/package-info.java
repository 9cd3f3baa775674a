/** Cut over: the short lock, the last keys, the swap. */
@NullMarked
package dev.walshift.engine.cutover;

import org.jspecify.annotations.NullMarked;
