/**
 * How to reach one PostgreSQL server, read from where psql would read it, and connections to it.
 *
 * <p>{@link dev.walshift.postgres.connect.ConnectionSettings} says where and as whom,
 * {@link dev.walshift.postgres.connect.Connector} opens connections.
 */
@NullMarked
package dev.walshift.postgres.connect;

import org.jspecify.annotations.NullMarked;
