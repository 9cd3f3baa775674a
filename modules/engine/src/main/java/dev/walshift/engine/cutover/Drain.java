package dev.walshift.engine.cutover;

import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.List;

/**
 * The last step, under the lock: nobody can write any more and everybody who wrote has ended, so every logged key is visible and the
 * keys need not pass through the client.
 */
final class Drain {
    private static final SqlTemplate DELETE = SqlTemplate.of("""
        DELETE FROM {shadow}
         WHERE ({targetKey}) IN (SELECT {mappedKey} FROM (SELECT {keys} FROM {log} WHERE log_id >= {first}) AS logged)
        """);
    private static final SqlTemplate INSERT = SqlTemplate.of("""
        INSERT INTO {shadow} ({targets})
        OVERRIDING SYSTEM VALUE
        SELECT {expressions}
          FROM {source}
         WHERE ({sourceKey}) IN (SELECT {sourceKey} FROM (SELECT {keys} FROM {log} WHERE log_id >= {first}) AS logged)
        """);
    private static final SqlTemplate FORGET = SqlTemplate.of("DELETE FROM {log} WHERE log_id >= {first}");

    private Drain() {}

    /** Applies every key in the log and empties it, by index whatever the planner thinks of a log it has no statistics of. */
    static List<SqlPart> statements(KeyLog keyLog) {
        Blueprint table = keyLog.table();
        SqlText first = new SqlText(Long.toString(keyLog.first()));
        return List.of(
                new SqlText("SET LOCAL enable_seqscan = off"),
                new SqlText("SET LOCAL enable_hashjoin = off"),
                new SqlText("SET LOCAL enable_mergejoin = off"),
                DELETE.with("shadow", table.shadow())
                        .with("targetKey", table.key().targetColumns())
                        .with("mappedKey", table.key().mapped())
                        .with("keys", table.key().logColumnsAsSource())
                        .with("log", table.keyLog())
                        .with("first", first),
                INSERT.with("shadow", table.shadow())
                        .with("targets", table.mapping().targets())
                        .with("expressions", table.mapping().expressions())
                        .with("source", table.sourceRows())
                        .with("sourceKey", table.key().sourceColumns())
                        .with("keys", table.key().logColumnsAsSource())
                        .with("log", table.keyLog())
                        .with("first", first),
                FORGET.with("log", table.keyLog()).with("first", first));
    }
}
