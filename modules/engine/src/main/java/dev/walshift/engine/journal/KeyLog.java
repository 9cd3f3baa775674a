package dev.walshift.engine.journal;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.postgres.Xid;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The durable multiset of (key, xid) of one table that sync steps have still to apply. Its key columns have the source's own types
 * and collations.
 *
 * <p>Any thread; each call brings its session.
 */
public final class KeyLog {
    private static final SqlTemplate CREATE = SqlTemplate.of("""
        CREATE TABLE {log} (log_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, log_xid xid8 NOT NULL, {columns})
        WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000)
        """);

    /** So that what the migration changed can be put right even if the journal is lost. */
    private static final SqlTemplate DESCRIBE = SqlTemplate.of("COMMENT ON TABLE {log} IS {blueprint}");

    private static final SqlTemplate DESCRIPTION =
            SqlTemplate.of("SELECT obj_description(to_regclass({log}), 'pg_class')");

    private static final SqlTemplate APPEND = SqlTemplate.of("COPY {log} (log_xid, {columns}) FROM STDIN");
    private static final SqlTemplate REMOVE = SqlTemplate.of("DELETE FROM {log} WHERE log_id = ANY (?)");
    private static final SqlTemplate ENDS = SqlTemplate.of(
            "SELECT coalesce(min(log_id), 0), coalesce(max(log_id), -1) FROM {log} WHERE log_id >= {first}");
    private static final SqlTemplate EXISTS = SqlTemplate.of("SELECT to_regclass({log}) IS NOT NULL");

    private final Blueprint table;
    private final AtomicLong waiting = new AtomicLong();
    private final AtomicLong first = new AtomicLong();
    private final AtomicLong removed = new AtomicLong();

    public KeyLog(Blueprint table) {
        this.table = table;
    }

    public Blueprint table() {
        return table;
    }

    public void create(Session session) throws SQLException {
        session.execute(
                CREATE.with("log", table.keyLog()).with("columns", table.key().logDefinitions()));
        session.execute(
                DESCRIBE.with("log", table.keyLog()).with("blueprint", SqlText.literal(JournalJson.write(table))));
    }

    /** The blueprint of the migration whose key log this is, as it was when the log was made; empty if there is no such log. */
    public static Optional<Blueprint> described(Session session, QualifiedName log) throws SQLException {
        return session.queryOne(
                        DESCRIPTION.with("log", SqlText.literal(log.sql())),
                        row -> Optional.ofNullable(row.getString(1)))
                .map(json -> JournalJson.read(json, Blueprint.class));
    }

    /** Whether the log has been made and not yet been dropped. */
    public boolean exists(Session session) throws SQLException {
        return session.queryOne(
                EXISTS.with("log", SqlText.literal(table.keyLog().sql())), row -> row.getBoolean(1));
    }

    /** A key as the log takes it in. */
    public record Entry(Xid xid, List<String> values) {}

    /** Appends keys; they count as waiting at once, since the caller commits or ends the migration. */
    public void append(Session transaction, List<Entry> entries) throws SQLException {
        long appended = transaction.copyIn(
                APPEND.with("log", table.keyLog()).with("columns", table.key().logColumns()),
                new ByteArrayInputStream(copyLines(entries)));
        waiting.addAndGet(appended);
    }

    /** Notes keys that somebody else appended in SQL. */
    public void appended(long entries) {
        waiting.addAndGet(entries);
    }

    /** Removes applied keys, by row id and never by key: the same key may have been logged again meanwhile. */
    public void remove(Session session, List<Long> ids) throws SQLException {
        long gone = session.update(REMOVE.with("log", table.keyLog()), (Object) ids.toArray(Long[]::new));
        waiting.addAndGet(-gone);
        ids.forEach(id -> removed.accumulateAndGet(id, Math::max));
    }

    /**
     * No entry has a lower row id, nor will one have: appended transactions commit in the order of their row ids, since each changes the
     * stream's row in the journal. Whoever reads the log begins here and need not step over the many entries before it which are dead,
     * but which the server can't clear away while some snapshot is older.
     */
    public long first() {
        return first.get();
    }

    /** Keys that wait; an upper estimate after {@link #count}, else exact. */
    public long waiting() {
        return Math.max(0, waiting.get());
    }

    /** Learns from the server how many keys wait, after a restart; from the ends of the index, so that it costs nothing. */
    public void count(Session session) throws SQLException {
        waiting.set(ends(session).entries());
    }

    /** {@link #count}, and moves {@link #first} on; once the stream's reader is the only one that appends. */
    public void advance(Session session) throws SQLException {
        Ends ends = ends(session);
        waiting.set(ends.entries());
        first.set(ends.entries() > 0 ? ends.lowest() : Math.max(first.get(), removed.get() + 1));
    }

    /** The highest row id as of now; below {@link #first} in an empty log. */
    public long last(Session session) throws SQLException {
        return ends(session).highest();
    }

    /** Row ids; 0 and -1 in an empty log. */
    private record Ends(long lowest, long highest) {
        long entries() {
            return highest - lowest + 1;
        }
    }

    private Ends ends(Session session) throws SQLException {
        return session.queryOne(
                ENDS.with("log", table.keyLog()).with("first", new SqlText(Long.toString(first.get()))),
                row -> new Ends(row.getLong(1), row.getLong(2)));
    }

    /** COPY's text format: src/backend/commands/copyfromparse.c, CopyReadAttributesText. */
    private static byte[] copyLines(List<Entry> entries) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream(entries.size() * 32);
        for (Entry entry : entries) {
            lines.writeBytes(entry.xid().toString().getBytes(UTF_8));
            for (String value : entry.values()) {
                lines.write('\t');
                escape(value, lines);
            }
            lines.write('\n');
        }
        return lines.toByteArray();
    }

    private static void escape(String value, ByteArrayOutputStream line) {
        for (byte b : value.getBytes(UTF_8)) {
            switch (b) {
                case '\\' -> line.writeBytes(new byte[] {'\\', '\\'});
                case '\t' -> line.writeBytes(new byte[] {'\\', 't'});
                case '\n' -> line.writeBytes(new byte[] {'\\', 'n'});
                case '\r' -> line.writeBytes(new byte[] {'\\', 'r'});
                default -> line.write(b);
            }
        }
    }
}
