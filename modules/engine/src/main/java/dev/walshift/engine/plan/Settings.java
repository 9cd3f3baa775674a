package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SearchPath;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The settings of a planning transaction: the operator's SQL runs under the role's own, everything else under fixed ones. All are
 * local to the transaction.
 *
 * @param operators the role's own search_path
 * @param searchPath as found
 * @param defaultTablespace as found
 * @param lockTimeout as found
 */
record Settings(SearchPath operators, SearchPath searchPath, String defaultTablespace, String lockTimeout) {
    private static final SqlTemplate CURRENT = SqlTemplate.of("""
        SELECT pg_catalog.current_setting('default_tablespace'::pg_catalog.text), pg_catalog.current_setting('lock_timeout'::pg_catalog.text)
        """);
    /** Runs under the operator's search_path too. */
    private static final SqlTemplate SET =
            SqlTemplate.of("SELECT pg_catalog.set_config(?::pg_catalog.text, ?::pg_catalog.text, true)");

    static Settings of(Session session) throws SQLException {
        SearchPath operators = SearchPath.ofRole(session);
        SearchPath found = SearchPath.current(session);
        return session.queryOne(CURRENT, row -> new Settings(operators, found, row.getString(1), row.getString(2)));
    }

    /** Our own, with a bound on every wait for a lock, unless there is one. */
    void pin(Session session, Duration patience) throws SQLException {
        if (lockTimeout.equals("0")) {
            set(session, "lock_timeout", patience.toMillis() + "ms");
        }
        asWalshift(session);
    }

    void asOperator(Session session) throws SQLException {
        operators.setLocally(session);
        set(session, "default_tablespace", defaultTablespace);
    }

    /** The same, with names looked for in {@code schemas} first. */
    void asOperatorIn(Session session, List<Identifier> schemas) throws SQLException {
        asOperator(session);
        operators.after(schemas).setLocally(session);
    }

    void asWalshift(Session session) throws SQLException {
        SearchPath.SYSTEM.setLocally(session);
        defaultTablespace(session, Optional.empty());
    }

    /** As it was found. */
    void restore(Session session) throws SQLException {
        searchPath.setLocally(session);
        set(session, "default_tablespace", defaultTablespace);
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
