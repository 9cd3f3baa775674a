package dev.walshift.engine.table;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.SourceRewrittenException;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.List;

/**
 * Makes sure, at the start of each transaction that reads the source, that it is still the table we planned for.
 *
 * <p>The lock comes first: it takes no snapshot, so the catalog check and the snapshot come after it and mean the file that is
 * scanned. Checked without the lock, a VACUUM FULL or TRUNCATE between check and scan would go unnoticed.
 */
public final class SourceGuard {
    /** With all tables below it. */
    private static final SqlTemplate LOCK = SqlTemplate.of("LOCK TABLE {source} IN ACCESS SHARE MODE");

    /**
     * Whether the name means the table still, whether it has the heaps that were planned for, and whether each has the file that was
     * planned for. A partition that is being detached concurrently is none any more.
     */
    private static final SqlTemplate FILES = SqlTemplate.of("""
        WITH RECURSIVE tree(oid) AS (
             SELECT ?::oid
             UNION ALL
             SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid AND NOT i.inhdetachpending),
        present AS (
             SELECT c.oid, pg_relation_filenode(c.oid)::bigint AS filenode
               FROM tree t
               JOIN pg_class c ON c.oid = t.oid AND c.relkind <> 'p'),
        planned AS (
             SELECT * FROM unnest(?::oid[], ?::text[], ?::bigint[]) AS p(oid, name, filenode))
        SELECT {name}::regclass = ?::oid,
               count(*) FILTER (WHERE p.oid IS NULL OR n.oid IS NULL OR to_regclass(p.name) IS DISTINCT FROM p.oid),
               count(*) FILTER (WHERE p.filenode <> n.filenode),
               pg_current_snapshot()::text
          FROM planned p FULL JOIN present n ON n.oid = p.oid
        """);

    private SourceGuard() {}

    /**
     * Locks the source against being rewritten until the end of the transaction, and checks that it was not.
     *
     * @param transaction just begun; if REPEATABLE READ, its snapshot is taken here, after the lock
     * @return the snapshot of the check, in {@code pg_snapshot}'s text form: in REPEATABLE READ the transaction's own
     * @throws SourceRewrittenException if it, or one of its partitions, has another file
     * @throws MigrationException if it is gone, another table has its name, or it has other partitions
     */
    public static String hold(Session transaction, Blueprint table) throws SQLException {
        try {
            transaction.execute(LOCK.with("source", table.source().name()));
        } catch (SQLException e) {
            if (SqlStates.is(e, SqlStates.UNDEFINED_TABLE) || SqlStates.is(e, "3F000")) {
                throw gone(table);
            }
            throw e;
        }
        SourceTree tree = table.sourceTree();
        List<TableRef> heaps = tree.heaps().stream().map(SourceHeap::table).toList();
        return transaction.queryOne(
                FILES.with("name", SqlText.literal(table.source().name().sql())),
                row -> {
                    if (!row.getBoolean(1)) {
                        throw gone(table);
                    }
                    if (row.getLong(2) > 0) {
                        throw partitionsChanged(table);
                    }
                    if (row.getLong(3) > 0) {
                        throw new SourceRewrittenException(table.source().name());
                    }
                    return row.getString(4);
                },
                table.source().oid(),
                tree.oids(),
                heaps.stream().map(heap -> heap.name().sql()).toArray(String[]::new),
                heaps.stream().map(TableRef::filenode).toArray(Long[]::new),
                table.source().oid());
    }

    private static MigrationException partitionsChanged(Blueprint table) {
        return new MigrationException(
                ProblemCode.SOURCE_CHANGED,
                "somebody attached, detached, renamed or dropped a partition of %s, or made it a parent, while it was migrated"
                        .formatted(table.source().name()),
                "A swap would lose that change, so there was none. Plan the migration again for the table as it is"
                        + " now.");
    }

    private static MigrationException gone(Blueprint table) {
        return new MigrationException(
                ProblemCode.SOURCE_CHANGED,
                "%s was dropped, renamed or replaced meanwhile"
                        .formatted(table.source().name()),
                "Plan the migration again for the table as it is now.");
    }
}
