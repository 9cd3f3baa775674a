package dev.walshift.engine.journal;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.postgres.Xid;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.sql.SQLException;
import java.util.List;
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

    private static final SqlTemplate APPEND = SqlTemplate.of("COPY {log} (log_xid, {columns}) FROM STDIN");
    private static final SqlTemplate REMOVE = SqlTemplate.of("DELETE FROM {log} WHERE log_id = ANY (?)");
    private static final SqlTemplate ESTIMATE =
            SqlTemplate.of("SELECT coalesce(max(log_id) - min(log_id) + 1, 0) FROM {log}");
    private static final SqlTemplate EXISTS = SqlTemplate.of("SELECT to_regclass({log}) IS NOT NULL");

    private final Blueprint table;
    private final AtomicLong waiting = new AtomicLong();

    public KeyLog(Blueprint table) {
        this.table = table;
    }

    public Blueprint table() {
        return table;
    }

    public void create(Session session) throws SQLException {
        session.execute(
                CREATE.with("log", table.keyLog()).with("columns", table.key().logDefinitions()));
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
        long removed = session.update(REMOVE.with("log", table.keyLog()), (Object) ids.toArray(Long[]::new));
        waiting.addAndGet(-removed);
    }

    /** Keys that wait; an upper estimate after {@link #count}, else exact. */
    public long waiting() {
        return Math.max(0, waiting.get());
    }

    /** Learns from the server how many keys wait, after a restart; from the ends of the index, so that it costs nothing. */
    public void count(Session session) throws SQLException {
        waiting.set(session.queryOne(ESTIMATE.with("log", table.keyLog()), row -> row.getLong(1)));
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
