package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The table whose dependents are looked at, and what becomes of it.
 *
 * @param oid of the source
 * @param name of the source, and of the new table after the swap
 * @param probe an empty table as the new one will be, to try things on; empty if the change can't be made, and so are the columns
 * @param partitions all tables below the new table, by the names that they have after the swap
 * @param altered whether the new table is a plain one altered, and not made by the operator's own DDL, or partitioned
 * @param foreignKeys of the table, and what the change makes of them; empty if the change can't be made
 * @param columns the new table's name of each source column that it keeps
 * @param dropped the source's columns that it does not keep
 * @param clones makes tables like the source
 * @param consents what the operator agreed to
 */
public record Subject(
        long oid,
        QualifiedName name,
        Optional<QualifiedName> probe,
        List<QualifiedName> partitions,
        boolean altered,
        Optional<ForeignKeys> foreignKeys,
        Map<Identifier, Identifier> columns,
        Set<Identifier> dropped,
        Clones clones,
        Set<Consent> consents) {
    /** Makes an empty table like the source as it is, with its name and all that is its own. */
    public interface Clones {
        void make(Identifier schema) throws SQLException;
    }

    public Subject {
        partitions = List.copyOf(partitions);
        columns = Map.copyOf(columns);
        dropped = Set.copyOf(dropped);
        consents = Set.copyOf(consents);
    }

    /** Whether a column of the source is called something else in the new table. */
    public boolean isRenamed(Identifier column) {
        Identifier now = columns.get(column);
        return now != null && !now.equals(column);
    }
}
