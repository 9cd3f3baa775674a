package dev.walshift.engine.table;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlText;
import java.util.Optional;

/**
 * An index of the shadow, and the constraint that rests on it.
 *
 * @param name the index's (and the constraint's) name
 * @param create builds the index; empty where only the constraint's own statement can build it (EXCLUDE, WITHOUT OVERLAPS)
 * @param constraint makes it a constraint: {@code ALTER TABLE ... ADD CONSTRAINT ... [USING INDEX ...]}
 * @param tablespace where it lives, if not in the database's default
 * @param after the index that must be there first: a foreign key rests on the oldest unique index of its columns
 *     ({@code transformFkeyCheckAttrs} in tablecmds.c)
 */
public record IndexDefinition(
        Identifier name,
        Optional<SqlText> create,
        Optional<SqlText> constraint,
        Optional<Identifier> tablespace,
        Optional<Identifier> after) {
    public IndexDefinition {
        if (create.isEmpty() && constraint.isEmpty()) {
            throw new IllegalArgumentException("nothing would build index " + name);
        }
    }
}
