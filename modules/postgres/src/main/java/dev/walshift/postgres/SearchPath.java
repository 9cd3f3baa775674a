package dev.walshift.postgres;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Where names without a schema are looked for. Whoever may create something in a schema on it could have a function or an operator of his
 * own called in the place of the system's, by arguments that fit better (CVE-2018-1058). So sessions have {@link #SYSTEM}, another one is
 * set for a statement of the operator's own, and what is asked here needs none.
 *
 * @param setting as the server has it
 */
public record SearchPath(String setting) {
    /** Everything that the server deparses comes with its schema. */
    public static final SearchPath SYSTEM = new SearchPath("pg_catalog, pg_temp");

    private static final SqlTemplate CURRENT =
            SqlTemplate.of("SELECT pg_catalog.current_setting('search_path'::pg_catalog.text)");
    private static final SqlTemplate OF_ROLE = SqlTemplate.of("""
        SELECT s.reset_val FROM pg_catalog.pg_settings s WHERE s.name OPERATOR(pg_catalog.=) 'search_path'::pg_catalog.text
        """);
    private static final SqlTemplate SET =
            SqlTemplate.of("SELECT pg_catalog.set_config('search_path'::pg_catalog.text, ?::pg_catalog.text, true)");

    /** The session's present one. */
    public static SearchPath current(Session session) throws SQLException {
        return session.queryOne(CURRENT, row -> new SearchPath(row.getString(1)));
    }

    /** The one that the session began with: that of role, database or connection string. */
    public static SearchPath ofRole(Session session) throws SQLException {
        return session.queryOne(OF_ROLE, row -> new SearchPath(row.getString(1)));
    }

    /** Until the end of the transaction, or of the savepoint if that is taken back. */
    public void setLocally(Session session) throws SQLException {
        session.queryOne(SET, row -> row.getString(1), setting);
    }

    /** The same, with names looked for in {@code schemas} first. */
    public SearchPath after(List<Identifier> schemas) {
        List<String> all = new ArrayList<>(List.of(SqlText.list(schemas).sql()));
        if (!setting.isBlank()) {
            all.add(setting);
        }
        return new SearchPath(String.join(", ", all));
    }
}
