package dev.walshift.engine.sync;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads keys whose transaction a snapshot sees: only those may be applied by re-reading the row in that snapshot. */
final class KeyReader {
    private static final SqlTemplate READ = SqlTemplate.of("""
        COPY (SELECT log_id, {columns}
                FROM {log}
               WHERE log_id >= {first} AND pg_visible_in_snapshot(log_xid, {snapshot})
               ORDER BY log_id
               LIMIT {limit})
          TO STDOUT
        """);
    private static final SqlText OWN_SNAPSHOT = new SqlText("pg_current_snapshot()");

    private final SqlTemplate read;

    KeyReader(Blueprint table) {
        this.read = READ.with("columns", table.key().logColumns()).with("log", table.keyLog());
    }

    /**
     * Keys visible in {@code snapshot}.
     *
     * @param session must see what was logged until now: not in the transaction whose snapshot it is
     * @param first only entries from this row id on
     * @param limit of entries
     */
    LoggedKeys visibleIn(Session session, String snapshot, long first, int limit) throws SQLException {
        return read(session, new SqlText(SqlText.literal(snapshot).sql() + "::pg_snapshot"), first, limit);
    }

    /** Keys visible now, and so in every snapshot that is taken from now on. */
    LoggedKeys visibleNow(Session session, long first, int limit) throws SQLException {
        return read(session, OWN_SNAPSHOT, first, limit);
    }

    private LoggedKeys read(Session session, SqlText snapshot, long first, int limit) throws SQLException {
        Entries entries = new Entries();
        session.copyOut(
                read.with("first", new SqlText(Long.toString(first)))
                        .with("snapshot", snapshot)
                        .with("limit", new SqlText(Integer.toString(limit))),
                entries);
        return entries.keys();
    }

    /** Takes COPY's output apart as it comes, so that of a key that was written often only the row ids take memory. */
    private static final class Entries extends OutputStream {
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private final Map<String, List<Long>> ids = new LinkedHashMap<>();
        private int entries;
        private long last;

        @Override
        public void write(int octet) {
            // COPY escapes line ends inside values, so a line is an entry.
            if (octet == '\n') {
                take(line.toString(UTF_8));
                line.reset();
            } else {
                line.write(octet);
            }
        }

        @Override
        public void write(byte[] octets, int from, int length) {
            for (int i = from; i < from + length; i++) {
                write(octets[i]);
            }
        }

        private void take(String entry) {
            int tab = entry.indexOf('\t');
            last = Long.parseLong(entry.substring(0, tab));
            ids.computeIfAbsent(entry.substring(tab + 1), key -> new ArrayList<>(1))
                    .add(last);
            entries++;
        }

        LoggedKeys keys() {
            List<LoggedKey> keys = new ArrayList<>(ids.size());
            ids.forEach((key, of) -> keys.add(new LoggedKey(key, of)));
            return new LoggedKeys(keys, entries, last);
        }
    }
}
