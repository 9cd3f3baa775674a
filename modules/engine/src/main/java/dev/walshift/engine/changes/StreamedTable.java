package dev.walshift.engine.changes;

import java.util.List;

/**
 * A table whose changes are wanted.
 *
 * @param oid pg_class.oid
 * @param keyColumns names of the identity key's columns, in its order
 */
public record StreamedTable(long oid, List<String> keyColumns) {
    public StreamedTable {
        keyColumns = List.copyOf(keyColumns);
    }
}
