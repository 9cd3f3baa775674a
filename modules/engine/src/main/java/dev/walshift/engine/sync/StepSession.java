package dev.walshift.engine.sync;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.KeyColumn;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A session that applies keys to the shadow. The keys stand in a temporary table with the source's own column names and types, so
 * that every comparison is the server's own; IN and never JOIN, since 1.0 and 1.00 are one key twice.
 */
final class StepSession implements AutoCloseable {
    private static final SqlTemplate KEYS =
            SqlTemplate.of("CREATE TEMPORARY TABLE walshift_keys ({definitions}) ON COMMIT DELETE ROWS");
    /**
     * A step that a crash takes back is done again, since its keys leave the log later in the WAL. And steps look rows up by index, few
     * among many, whatever the planner thinks of a table it knows little about.
     */
    private static final SqlTemplate SETTINGS = SqlTemplate.of("""
        SET synchronous_commit = off;
        SET enable_seqscan = off;
        SET enable_hashjoin = off;
        SET enable_mergejoin = off
        """);

    private static final SqlTemplate LOAD = SqlTemplate.of("COPY pg_temp.walshift_keys FROM STDIN");
    private static final SqlTemplate ANALYZE = SqlTemplate.of("ANALYZE pg_temp.walshift_keys");
    private static final SqlTemplate DELETE = SqlTemplate.of(
            "DELETE FROM {shadow} WHERE ({targetKey}) IN (SELECT {mappedKey} FROM pg_temp.walshift_keys)");
    private static final SqlTemplate INSERT = SqlTemplate.of("""
        INSERT INTO {shadow} ({targets})
        OVERRIDING SYSTEM VALUE
        SELECT {expressions}
          FROM {source}
         WHERE ({sourceKey}) IN (SELECT {sourceKey} FROM pg_temp.walshift_keys)
        """);
    private static final SqlTemplate INSERT_WHAT_FITS = SqlTemplate.of("{insert} ON CONFLICT DO NOTHING");

    /** Loaded keys that the source has and the shadow, after an insert that skipped collisions, has not. */
    private static final SqlTemplate SKIPPED = SqlTemplate.of("""
        COPY (SELECT {sourceKey}
                FROM (SELECT {keys} FROM pg_temp.walshift_keys) AS k
               WHERE EXISTS (SELECT FROM (SELECT {sourceSide} FROM {source}) AS s WHERE {inSource})
                 AND NOT EXISTS (SELECT FROM (SELECT {shadowSide} FROM {shadow}) AS t WHERE {inShadow}))
          TO STDOUT
        """);

    private final Session session;
    private final SqlTemplate delete;
    private final SqlTemplate insert;
    private final SqlTemplate skipped;

    private StepSession(Session session, Blueprint table) {
        this.session = session;
        this.delete = DELETE.with("shadow", table.shadow())
                .with("targetKey", table.key().targetColumns())
                .with("mappedKey", table.key().mapped());
        this.insert = INSERT.with("shadow", table.shadow())
                .with("targets", table.mapping().targets())
                .with("expressions", table.mapping().expressions())
                .with("source", table.sourceRows())
                .with("sourceKey", table.key().sourceColumns());
        this.skipped = skipped(table);
    }

    private static SqlTemplate skipped(Blueprint table) {
        List<KeyColumn> columns = table.key().columns();
        List<SqlText> keys = new ArrayList<>(List.of(table.key().sourceColumns()));
        List<SqlText> sourceSide = new ArrayList<>();
        List<SqlText> shadowSide = new ArrayList<>();
        List<SqlText> inSource = new ArrayList<>();
        List<SqlText> inShadow = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            KeyColumn column = columns.get(i);
            keys.add(new SqlText("%s AS walshift_s%d".formatted(column.source().sql(), i)));
            keys.add(new SqlText("%s AS walshift_m%d".formatted(column.mapped().sql(), i)));
            sourceSide.add(new SqlText("%s AS k%d".formatted(column.source().sql(), i)));
            shadowSide.add(new SqlText("%s AS k%d".formatted(column.target().sql(), i)));
            inSource.add(new SqlText("s.k%d = k.walshift_s%d".formatted(i, i)));
            inShadow.add(new SqlText("t.k%d = k.walshift_m%d".formatted(i, i)));
        }
        return SKIPPED.with("sourceKey", table.key().sourceColumns())
                .with("keys", SqlText.list(keys))
                .with("sourceSide", SqlText.list(sourceSide))
                .with("source", table.sourceRows())
                .with("inSource", SqlText.join(" AND ", inSource))
                .with("shadowSide", SqlText.list(shadowSide))
                .with("shadow", table.shadow())
                .with("inShadow", SqlText.join(" AND ", inShadow));
    }

    static StepSession open(Database database, Blueprint table) throws SQLException {
        Session session = database.open("sync");
        try {
            session.execute(SETTINGS);
            session.execute(KEYS.with("definitions", table.key().definitions()));
            return new StepSession(session, table);
        } catch (SQLException e) {
            session.close();
            throw e;
        }
    }

    Session session() {
        return session;
    }

    /** Hands keys in, in the current transaction. */
    void load(Collection<String> lines) throws SQLException {
        byte[] rows = (String.join("\n", lines) + "\n").getBytes(UTF_8);
        session.copyIn(LOAD, new ByteArrayInputStream(rows));
        session.execute(ANALYZE);
    }

    /** Deletes all loaded keys from the shadow, then inserts all that the source has. */
    void replace() throws SQLException {
        session.update(delete);
        session.update(insert);
    }

    /**
     * {@link #replace} that leaves out rows that collide with one in the shadow that is yet to change.
     *
     * @return the loaded lines that were left out
     */
    Set<String> replaceWhatFits() throws SQLException {
        session.update(delete);
        session.update(INSERT_WHAT_FITS.with("insert", insert));
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        session.copyOut(skipped, lines);
        return new HashSet<>(lines.toString(UTF_8).lines().toList());
    }

    @Override
    public void close() throws SQLException {
        session.close();
    }
}
