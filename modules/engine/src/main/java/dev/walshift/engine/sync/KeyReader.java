package dev.walshift.engine.sync;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.io.ByteArrayOutputStream;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

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
     */
    List<LoggedKey> visibleIn(Session session, String snapshot, long first, int limit) throws SQLException {
        return read(session, new SqlText(SqlText.literal(snapshot).sql() + "::pg_snapshot"), first, limit);
    }

    /** Keys visible now, and so in every snapshot that is taken from now on. */
    List<LoggedKey> visibleNow(Session session, long first, int limit) throws SQLException {
        return read(session, OWN_SNAPSHOT, first, limit);
    }

    private List<LoggedKey> read(Session session, SqlText snapshot, long first, int limit) throws SQLException {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        session.copyOut(
                read.with("first", new SqlText(Long.toString(first)))
                        .with("snapshot", snapshot)
                        .with("limit", new SqlText(Integer.toString(limit))),
                lines);
        List<LoggedKey> keys = new ArrayList<>();
        // COPY escapes line ends inside values, so a line is an entry.
        for (String line : lines.toString(UTF_8).split("\n", -1)) {
            int tab = line.indexOf('\t');
            if (tab > 0) {
                keys.add(new LoggedKey(Long.parseLong(line.substring(0, tab)), line.substring(tab + 1)));
            }
        }
        return keys;
    }
}
