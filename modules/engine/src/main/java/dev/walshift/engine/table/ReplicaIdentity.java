package dev.walshift.engine.table;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlText;
import java.util.Optional;

/**
 * What the WAL tells of a row that was updated or deleted (pg_class.relreplident).
 *
 * @param index the index whose columns are told; only with {@link Kind#INDEX}
 */
public record ReplicaIdentity(Kind kind, Optional<Identifier> index) {
    public ReplicaIdentity {
        if ((kind == Kind.INDEX) != index.isPresent()) {
            throw new IllegalArgumentException("replica identity %s with index %s".formatted(kind, index));
        }
    }

    /** Its kinds, in the words of ALTER TABLE ... REPLICA IDENTITY. */
    public enum Kind {
        /** The primary key's columns, if there is a primary key that is not deferrable. */
        DEFAULT,
        /** An index's columns. */
        INDEX,
        /** The whole row. */
        FULL,
        /** Nothing. */
        NOTHING
    }

    /** What follows {@code ALTER TABLE ... REPLICA IDENTITY}. */
    public SqlText clause() {
        return index.map(name -> new SqlText("USING INDEX " + name.sql())).orElseGet(() -> new SqlText(kind.name()));
    }
}
