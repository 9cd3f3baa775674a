package dev.walshift.engine.changes;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.ReplicaIdentity;
import dev.walshift.engine.table.SourceHeap;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

    private static final SqlTemplate CREATE =
            SqlTemplate.of("CREATE PUBLICATION {publication} FOR TABLE {tables}{options}");
    /** So that what happens in a partition comes as a change of the partitioned table; a plain one it does not concern. */
    private static final SqlText VIA_ROOT = new SqlText(" WITH (publish_via_partition_root = true)");

    private static final SqlText NOTHING = new SqlText("");
    private static final SqlTemplate TABLE = SqlTemplate.of("{table}{columns}");
    private static final SqlTemplate COLUMNS = SqlTemplate.of(" ({columns})");
    private static final SqlTemplate MARK = SqlTemplate.of("COMMENT ON PUBLICATION {publication} IS {mark}");
    private static final SqlTemplate DROP = SqlTemplate.of("DROP PUBLICATION IF EXISTS {publication}");
    private static final SqlTemplate IS_MARKED = SqlTemplate.of("""
        SELECT EXISTS (SELECT FROM pg_publication
                        WHERE pubname = ? AND starts_with(obj_description(oid, 'pg_publication'), ?))
        """);
    private static final SqlTemplate IS_WHOLE_ROW =
            SqlTemplate.of("SELECT EXISTS (SELECT FROM pg_class WHERE oid = ANY (?::oid[]) AND relreplident = 'f')");
    private static final SqlTemplate IS_COMPLETE = SqlTemplate.of("""
        SELECT EXISTS (SELECT FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
                        WHERE p.pubname = ? AND r.prrelid = c.oid
                          AND p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate
                          AND (p.pubviaroot OR c.relkind <> 'p')
                          AND (to_jsonb(r) ->> 'prqual') IS NULL)
          FROM pg_class c
         WHERE c.oid = ?::oid
        """);
    /** Of each heap: what the WAL tells, as its catalogs have it, and the primary key's columns where these tell it. */
    private static final SqlTemplate IDENTITIES = SqlTemplate.of("""
        SELECT c.oid::bigint, c.relreplident,
               coalesce((SELECT r.relname
                           FROM pg_index i JOIN pg_class r ON r.oid = i.indexrelid
                          WHERE i.indrelid = c.oid AND i.indisreplident AND c.relreplident = 'i'), ''),
               coalesce((SELECT array_to_json(array_agg(a.attname ORDER BY a.attname))::text
                           FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
                          WHERE i.indrelid = c.oid AND i.indisprimary AND c.relreplident = 'd'
                            AND array_position(i.indkey, a.attnum) < i.indnkeyatts), ''),
               coalesce((SELECT array_to_json(array_agg(k.name ORDER BY k.name COLLATE "C"))::text
                           FROM unnest(?::text[]) AS k(name) WHERE c.relreplident = 'd'), '')
          FROM pg_class c
         WHERE c.oid = ANY (?::oid[])
        """);

    private Publication() {}

    /**
     * Makes sure that the stream goes on to carry every change of the table, and that the publication breaks none of the application's.
     * The server would not tell: from 18 on a missing publication is a warning in its log only.
     *
     * @throws MigrationException if somebody changed the table's replica identity, or dropped or altered the publication
     */
    public static void requireIntact(Session session, SlotName name, Blueprint table) throws SQLException {
        String[] key = table.key().columns().stream()
                .map(column -> column.source().name())
                .toArray(String[]::new);
        Map<Long, SourceHeap> heaps = new HashMap<>();
        table.sourceTree().heaps().forEach(heap -> heaps.put(heap.table().oid(), heap));
        // Of a heap that is gone others tell.
        List<Boolean> asMade = session.query(
                IDENTITIES,
                row -> present(row)
                                .equals(Objects.requireNonNull(heaps.get(row.getLong(1)))
                                        .identityMeanwhile())
                        && row.getString(4).equals(row.getString(5)),
                key,
                table.sourceTree().oids());
        if (asMade.contains(false)) {
            throw identityChanged(table);
        }
        boolean published = session.queryFirst(
                        IS_COMPLETE,
                        row -> row.getBoolean(1),
                        name.publication(),
                        table.source().oid())
                .orElse(true);
        if (!published) {
            throw notPublished(name, table);
        }
    }

    private static ReplicaIdentity present(ResultSet row) throws SQLException {
        String index = row.getString(3);
        return new ReplicaIdentity(
                kind(row.getString(2)), index.isEmpty() ? Optional.empty() : Optional.of(new Identifier(index)));
    }

    private static ReplicaIdentity.Kind kind(String relreplident) {
        return switch (relreplident) {
            case "d" -> ReplicaIdentity.Kind.DEFAULT;
            case "i" -> ReplicaIdentity.Kind.INDEX;
            case "f" -> ReplicaIdentity.Kind.FULL;
            case "n" -> ReplicaIdentity.Kind.NOTHING;
            default -> throw new IllegalStateException("unknown replica identity " + relreplident);
        };
    }

    private static MigrationException identityChanged(Blueprint table) {
        return new MigrationException(
                ProblemCode.REPLICA_IDENTITY,
                "somebody changed the replica identity of %s; the publication was dropped at once so that UPDATE and DELETE go on working"
                        .formatted(table.source().name()),
                "Start the migration again and leave the replica identity alone until it ends.");
    }

    private static MigrationException notPublished(SlotName name, Blueprint table) {
        return new MigrationException(
                ProblemCode.PUBLICATION_LOST,
                "publication %s no longer carries all changes of %s: somebody dropped or altered it"
                        .formatted(name.publication(), table.source().name()),
                "Changes may be missing, so nothing was swapped. Start the migration again and leave the publication"
                        + " alone until it ends.");
    }

    /**
     * Makes the publication; in a transaction with a lock_timeout, since it takes SHARE UPDATE EXCLUSIVE on each table.
     *
     * @param mark that tells it from one that only has the name: {@link Journal#mark}
     */
    public static void create(Session transaction, SlotName name, List<Blueprint> tables, String mark)
            throws SQLException {
        List<SqlText> published = new ArrayList<>();
        for (Blueprint table : tables) {
            published.add(published(transaction, table));
        }
        boolean viaRoot = tables.stream().anyMatch(table -> table.sourceTree().hasPartitions());
        transaction.execute(CREATE.with("publication", name.publication())
                .with("tables", SqlText.list(published))
                .with("options", viaRoot ? VIA_ROOT : NOTHING));
        transaction.execute(MARK.with("publication", name.publication()).with("mark", SqlText.literal(mark)));
    }

    private static SqlText published(Session transaction, Blueprint table) throws SQLException {
        boolean wholeRow = transaction.queryOne(IS_WHOLE_ROW, row -> row.getBoolean(1), (Object)
                table.sourceTree().oids());
        // FULL covers all columns, so only the whole row covers it.
        boolean keyOnly = transaction.serverMajor() >= COLUMN_LISTS_SINCE && !wholeRow;
        SqlPart columns = keyOnly ? COLUMNS.with("columns", table.key().sourceColumns()) : NOTHING;
        return new SqlText(
                TABLE.with("table", table.sourceRows()).with("columns", columns).sql());
    }

    /** Drops the publication if it exists; never one that only has its name. */
    public static void drop(Session session, SlotName name) throws SQLException {
        if (session.queryOne(IS_MARKED, row -> row.getBoolean(1), name.publication(), Journal.MARK_BEGINS)) {
            session.execute(DROP.with("publication", name.publication()));
        }
    }
}
