/** PostgreSQL as seen by a client: names, statements, sessions, transactions. Knows nothing about migrations. */
@NullMarked
package dev.walshift.postgres;

import org.jspecify.annotations.NullMarked;
