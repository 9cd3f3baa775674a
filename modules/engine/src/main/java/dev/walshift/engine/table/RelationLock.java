package dev.walshift.engine.table;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlText;

/**
 * A relation beside the source that the swap changes, and so locks before it.
 *
 * @param relation for messages, and to be locked first against vacuum if it is a table
 * @param table whether LOCK TABLE takes it alone; a view would lock its tables with it
 * @param statement takes the lock: LOCK TABLE for a table, a statement that changes nothing for a view
 */
public record RelationLock(QualifiedName relation, boolean table, SqlText statement) {}
