package dev.walshift.engine.table;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlTemplate;
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
    private static final SqlTemplate LOCK = SqlTemplate.of("LOCK TABLE ONLY {table} IN {mode} MODE");

    /** ACCESS EXCLUSIVE on a table, before the source's. */
    public static RelationLock of(QualifiedName table) {
        return in("ACCESS EXCLUSIVE", table);
    }

    /** On a table that may be read meanwhile, but not written to. */
    public static RelationLock againstWriters(QualifiedName table) {
        return in("SHARE ROW EXCLUSIVE", table);
    }

    /** On a table that may be read and written to meanwhile. */
    public static RelationLock besideWriters(QualifiedName table) {
        return in("SHARE UPDATE EXCLUSIVE", table);
    }

    private static RelationLock in(String mode, QualifiedName table) {
        return new RelationLock(
                table,
                true,
                false,
                new SqlText(LOCK.with("table", table)
                        .with("mode", new SqlText(mode))
                        .sql()));
    }

    /** ACCESS EXCLUSIVE on a view, by a statement that changes nothing. */
    public static RelationLock ofView(QualifiedName view, SqlText statement) {
        return new RelationLock(view, false, false, statement);
    }

    /** The same, after the source's. */
    public RelationLock behindSource() {
        return new RelationLock(relation, table, true, statement);
    }
}
