package dev.walshift.engine.changes;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;

/**
 * A message in the WAL that tells the reader "you have now seen everything up to here".
 *
 * <p>It must be flushed, since a walsender sends nothing that is not: so never with synchronous_commit off; and must not wait for
 * a standby, so {@code local}.
 *
 * @param prefix the same for all markers of a migration
 * @param content unique
 */
public record Marker(String prefix, String content) {
    /** One statement is one round trip, under the cutover's lock too. */
    private static final SqlTemplate EMIT = SqlTemplate.of(
            "SELECT set_config('synchronous_commit', 'local', true), pg_logical_emit_message(true, ?, ?)");

    /** Commits the marker; afterwards it is on the disk. {@code session} is in no transaction. */
    public void emit(Session session) throws SQLException {
        String unused = session.queryOne(EMIT, row -> row.getString(2), prefix, content);
    }
}
