/** The change stream: publication, slot, decoding, and the pump that makes changed keys durable. */
@NullMarked
package dev.walshift.engine.changes;

import org.jspecify.annotations.NullMarked;
