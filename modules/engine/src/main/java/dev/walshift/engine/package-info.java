/** What every stage of a migration shares: how it is told to stop and how it says what is wrong. */
@NullMarked
package dev.walshift.engine;

import org.jspecify.annotations.NullMarked;
