package dev.walshift.engine.changes;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The migration's publication: which tables the change stream carries, and which of their columns.
 *
 * <p>It must never break the application. The server refuses every UPDATE and DELETE on a published table whose column list does not
 * cover its replica identity (CheckCmdReplicaIdentity, src/backend/executor/execReplication.c), so the list is decided from the
 * replica identity that the table has. Never with {@code origin = none}: that would hide what subscriptions apply.
 */
public final class Publication {
    private static final int COLUMN_LISTS_SINCE = 15;

    private static final SqlTemplate CREATE = SqlTemplate.of("CREATE PUBLICATION {publication} FOR TABLE {tables}");
    private static final SqlTemplate TABLE = SqlTemplate.of("ONLY {table}");
    private static final SqlTemplate TABLE_COLUMNS = SqlTemplate.of("ONLY {table} ({columns})");
    private static final SqlTemplate DROP = SqlTemplate.of("DROP PUBLICATION IF EXISTS {publication}");
    private static final SqlTemplate IDENTITY = SqlTemplate.of("""
        SELECT c.relreplident,
               coalesce((SELECT i.indexrelid::bigint
                           FROM pg_index i
                          WHERE i.indrelid = c.oid AND i.indisreplident AND c.relreplident = 'i'), 0),
               coalesce((SELECT i.indexrelid::bigint
                           FROM pg_index i
                          WHERE i.indrelid = c.oid AND i.indisprimary), 0)
          FROM pg_class c
         WHERE c.oid = ?
        """);

    private Publication() {}

    /**
     * The replica identity that a publication was made for.
     *
     * @param kind pg_class.relreplident
     * @param index oid of the index of USING INDEX, or 0
     * @param primaryKey oid of the primary key's index, or 0
     */
    public record Identity(String kind, long index, long primaryKey) {}

    /** The table's replica identity as it is now; empty if the table is gone. */
    public static Optional<Identity> identity(Session session, long table) throws SQLException {
        return session.queryFirst(
                IDENTITY, row -> new Identity(row.getString(1), row.getLong(2), row.getLong(3)), table);
    }

    /**
     * Makes the publication; in a transaction with a lock_timeout, since it takes SHARE UPDATE EXCLUSIVE on each table.
     */
    public static void create(Session transaction, SlotName name, List<Blueprint> tables) throws SQLException {
        List<SqlText> published = new ArrayList<>();
        for (Blueprint table : tables) {
            published.add(published(transaction, table));
        }
        transaction.execute(CREATE.with("publication", name.publication()).with("tables", SqlText.list(published)));
    }

    private static SqlText published(Session transaction, Blueprint table) throws SQLException {
        Identity identity = identity(transaction, table.source().oid()).orElseThrow();
        int server = transaction.connection().getMetaData().getDatabaseMajorVersion();
        // FULL covers all columns, so only the whole row covers it.
        boolean keyOnly = server >= COLUMN_LISTS_SINCE && !identity.kind().equals("f");
        SqlTemplate part = keyOnly ? TABLE_COLUMNS.with("columns", table.key().sourceColumns()) : TABLE;
        return new SqlText(part.with("table", table.source().name()).sql());
    }

    /** Drops the publication if it exists. */
    public static void drop(Session session, SlotName name) throws SQLException {
        session.execute(DROP.with("publication", name.publication()));
    }
}
