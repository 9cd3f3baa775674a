/** Index: builds what the shadow was left without while it was filled. */
@NullMarked
package dev.walshift.engine.index;

import org.jspecify.annotations.NullMarked;
