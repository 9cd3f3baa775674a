package dev.walshift.engine.sync;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.io.ByteArrayInputStream;
import java.sql.SQLException;
import java.util.Collection;

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
          FROM ONLY {source}
         WHERE ({sourceKey}) IN (SELECT {sourceKey} FROM pg_temp.walshift_keys)
        """);
    private static final SqlTemplate INSERT_WHAT_FITS = SqlTemplate.of("{insert} ON CONFLICT DO NOTHING");

    /** How many of the loaded keys the source has; as often as the same key was loaded in different spellings, once. */
    private static final SqlTemplate PRESENT = SqlTemplate.of("""
        SELECT count(*) FROM ONLY {source}
         WHERE ({sourceKey}) IN (SELECT {sourceKey} FROM pg_temp.walshift_keys)
        """);

    private final Session session;
    private final SqlTemplate delete;
    private final SqlTemplate insert;
    private final SqlTemplate present;

    private StepSession(Session session, Blueprint table) {
        this.session = session;
        this.delete = DELETE.with("shadow", table.shadow())
                .with("targetKey", table.key().targetColumns())
                .with("mappedKey", table.key().mapped());
        this.insert = INSERT.with("shadow", table.shadow())
                .with("targets", table.mapping().targets())
                .with("expressions", table.mapping().expressions())
                .with("source", table.source().name())
                .with("sourceKey", table.key().sourceColumns());
        this.present = PRESENT.with("source", table.source().name())
                .with("sourceKey", table.key().sourceColumns());
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
     * @return whether nothing was left out
     */
    boolean replaceWhatFits() throws SQLException {
        session.update(delete);
        long inserted = session.update(INSERT_WHAT_FITS.with("insert", insert));
        return inserted == session.queryOne(present, row -> row.getLong(1));
    }

    @Override
    public void close() throws SQLException {
        session.close();
    }
}
