package dev.walshift.engine.changes;

import dev.walshift.postgres.Xid;
import java.util.List;

/**
 * A row that some transaction inserted, updated or deleted.
 *
 * @param relation pg_class.oid of the table
 * @param xid the top-level transaction, which has committed
 * @param values of the identity key, in its order, in the server's text form
 */
public record ChangedKey(long relation, Xid xid, List<String> values) {}
