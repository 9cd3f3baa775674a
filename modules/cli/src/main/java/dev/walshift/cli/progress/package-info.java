/** Shows where a running migration is. */
@NullMarked
package dev.walshift.cli.progress;

import org.jspecify.annotations.NullMarked;
