/** Verify: compares source and shadow where both are known to be equal. */
@NullMarked
package dev.walshift.engine.verify;

import org.jspecify.annotations.NullMarked;
