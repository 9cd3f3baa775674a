package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The settings of a planning transaction: the operator's SQL runs under the role's own, everything else under fixed ones. All are
 * local to the transaction.
 *
 * @param searchPath as found
 * @param defaultTablespace as found
 * @param lockTimeout as found
 */
record Settings(String searchPath, String defaultTablespace, String lockTimeout) {
    private static final SqlTemplate CURRENT = SqlTemplate.of("""
        SELECT current_setting('search_path'), current_setting('default_tablespace'), current_setting('lock_timeout')
        """);
    private static final SqlTemplate SET = SqlTemplate.of("SELECT set_config(?, ?, true)");
    /** Everything that the server deparses comes with its schema. */
    private static final String SYSTEM_PATH = "pg_catalog, pg_temp";

    static Settings of(Session session) throws SQLException {
        return session.queryOne(CURRENT, row -> new Settings(row.getString(1), row.getString(2), row.getString(3)));
    }

    /** Our own, with a bound on every wait for a lock, unless there is one. */
    void pin(Session session, Duration patience) throws SQLException {
        if (lockTimeout.equals("0")) {
            set(session, "lock_timeout", patience.toMillis() + "ms");
        }
        asWalshift(session);
    }

    void asOperator(Session session) throws SQLException {
        set(session, "search_path", searchPath);
        set(session, "default_tablespace", defaultTablespace);
    }

    /** The same, with names looked for in {@code schemas} first. */
    void asOperatorIn(Session session, List<Identifier> schemas) throws SQLException {
        asOperator(session);
        String first = SqlText.list(schemas).sql();
        set(session, "search_path", searchPath.isBlank() ? first : first + ", " + searchPath);
    }

    void asWalshift(Session session) throws SQLException {
        set(session, "search_path", SYSTEM_PATH);
        defaultTablespace(session, Optional.empty());
    }

    /** As it was found. */
    void restore(Session session) throws SQLException {
        asOperator(session);
        set(session, "lock_timeout", lockTimeout);
    }

    /** @param tablespace empty for the database's default */
    static void defaultTablespace(Session session, Optional<Identifier> tablespace) throws SQLException {
        set(session, "default_tablespace", tablespace.map(Identifier::name).orElse(""));
    }

    private static void set(Session session, String name, String value) throws SQLException {
        session.queryOne(SET, row -> row.getString(1), name, value);
    }
}
