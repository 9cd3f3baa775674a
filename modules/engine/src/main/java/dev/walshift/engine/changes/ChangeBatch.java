package dev.walshift.engine.changes;

import dev.walshift.postgres.Lsn;
import java.util.List;

/**
 * What the stream said since the last batch.
 *
 * @param keys changed keys; the last transaction may go on in the next batch
 * @param markers contents of our own messages whose transactions committed; everything that committed before is in this batch or an
 *     earlier one
 * @param truncated pg_class.oid of tables that were truncated
 * @param end every transaction that committed before this LSN has been delivered in full; it may be confirmed once all keys up to here
 *     are durable
 */
public record ChangeBatch(List<ChangedKey> keys, List<String> markers, List<Long> truncated, Lsn end) {}
