/** How much of the server a migration may use, how fast it goes, and when it must slow down. */
@NullMarked
package dev.walshift.engine.pace;

import org.jspecify.annotations.NullMarked;
