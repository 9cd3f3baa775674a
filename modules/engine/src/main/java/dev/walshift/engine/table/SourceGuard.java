package dev.walshift.engine.table;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.SourceRewrittenException;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;

/**
 * Makes sure, at the start of each transaction that reads the source, that it is still the table we planned for.
 *
 * <p>The lock comes first: it takes no snapshot, so the catalog check and the snapshot come after it and mean the file that is
 * scanned. Checked without the lock, a VACUUM FULL or TRUNCATE between check and scan would go unnoticed.
 */
public final class SourceGuard {
    private static final SqlTemplate LOCK = SqlTemplate.of("LOCK TABLE ONLY {source} IN ACCESS SHARE MODE");
    private static final SqlTemplate FILE = SqlTemplate.of("""
        SELECT pg_relation_filenode(c.oid)::bigint, c.oid = ?::oid, pg_current_snapshot()::text
          FROM pg_class c
         WHERE c.oid = {name}::regclass
        """);

    private SourceGuard() {}

    /**
     * Locks the source against being rewritten until the end of the transaction, and checks that it was not.
     *
     * @param transaction just begun; if REPEATABLE READ, its snapshot is taken here, after the lock
     * @return the snapshot of the check, in {@code pg_snapshot}'s text form: in REPEATABLE READ the transaction's own
     * @throws SourceRewrittenException if it has another file
     * @throws MigrationException if it is gone or another table has its name
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
        return transaction.queryOne(
                FILE.with("name", SqlText.literal(table.source().name().sql())),
                row -> {
                    if (!row.getBoolean(2)) {
                        throw gone(table);
                    }
                    if (row.getLong(1) != table.source().filenode()) {
                        throw new SourceRewrittenException(table.source().name());
                    }
                    return row.getString(3);
                },
                table.source().oid());
    }

    private static MigrationException gone(Blueprint table) {
        return new MigrationException(
                ProblemCode.SOURCE_CHANGED,
                "%s was dropped, renamed or replaced meanwhile"
                        .formatted(table.source().name()),
                "Plan the migration again for the table as it is now.");
    }
}
