package dev.walshift.engine.table;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlText;

/**
 * A relation beside the source that the swap changes, and so locks in its transaction.
 *
 * @param relation for messages, and to be locked first against vacuum if it is a table
 * @param table whether LOCK TABLE takes it alone; a view would lock its tables with it
 * @param afterSource whether the application comes to it with the source in hand, and so must we: a table that a foreign key of the source
 *     refers to is looked at after each insert
 * @param statement takes the lock: LOCK TABLE for a table, a statement that changes nothing for a view
 */
public record RelationLock(QualifiedName relation, boolean table, boolean afterSource, SqlText statement) {
    /** One that is taken before the source's. */
    public RelationLock(QualifiedName relation, boolean table, SqlText statement) {
        this(relation, table, false, statement);
    }
}
