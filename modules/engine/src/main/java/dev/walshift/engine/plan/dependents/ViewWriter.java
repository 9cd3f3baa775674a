package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.plan.dependents.QueryGraph.Query;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Writes down a view with all that belongs to it, as the server tells it under search_path pg_catalog: all that it names has its schema. */
final class ViewWriter {
    private static final SqlTemplate CREATE =
            SqlTemplate.of("CREATE {orReplace}{kind} {name}{columns}{storage} AS {query}{data}");

    /** The column list: what the server writes for VALUES and set operations does not always give all columns their names. */
    private static final SqlTemplate DEFINITION = SqlTemplate.of("""
        SELECT COALESCE((SELECT format(' (%s)', string_agg(quote_ident(attname), ', ' ORDER BY attnum))
                           FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 HAVING count(*) > 0), '') AS columns,
               COALESCE(' USING ' || quote_ident(m.amname), '')
               || COALESCE((SELECT format(' WITH (%s)', string_agg(format('%s%I = %L', o.prefix, split_part(o.option, '=', 1),
                                                                   substr(o.option, strpos(o.option, '=') + 1)), ', '))
                              FROM (SELECT '' AS prefix, unnest(c.reloptions) AS option
                                    UNION ALL
                                    SELECT 'toast.', unnest(t.reloptions)) AS o HAVING count(*) > 0), '')
               || COALESCE(' TABLESPACE ' || quote_ident(s.spcname), '') AS storage,
               rtrim(pg_get_viewdef(c.oid), ';') AS query
          FROM pg_class c
          LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
          LEFT JOIN pg_am m ON m.oid = c.relam
          LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
         WHERE c.oid = ?::oid
        """);

    private static final SqlTemplate RULES = SqlTemplate.of("""
        SELECT rtrim(pg_get_ruledef(oid), ';') FROM pg_rewrite
         WHERE ev_class = ?::oid AND rulename <> '_RETURN'
         ORDER BY oid
        """);

    private static final String CREATE_RULE = "CREATE RULE ";

    /**
     * Defaults, rules, triggers, indexes, what was set for columns, comments. A view's triggers and rules can't be disabled. An index comes
     * into being in the database's tablespace and is empty when it moves.
     */
    private static final SqlTemplate BELONGINGS = SqlTemplate.of("""
        WITH v AS (SELECT c.oid, CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS kind,
                          ?::text AS name, ?::text AS schema
                     FROM pg_class c WHERE c.oid = ?::oid),
        columns AS (SELECT v.*, a.* FROM v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0),
        indexes AS (
             SELECT v.name, v.kind, i.*, format('%I.%I', v.schema, x.relname) AS index, x.relname, s.spcname
               FROM v
               JOIN pg_index i ON i.indrelid = v.oid AND i.indisvalid
               JOIN pg_class x ON x.oid = i.indexrelid
               LEFT JOIN pg_tablespace s ON s.oid = x.reltablespace)
        SELECT statement
          FROM (SELECT 1 AS step, c.attnum::bigint AS place,
                       format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', c.name, c.attname,
                              pg_get_expr(d.adbin, d.adrelid)) AS statement
                  FROM columns c JOIN pg_attrdef d ON d.adrelid = c.attrelid AND d.adnum = c.attnum
                UNION ALL
                SELECT 2, r.oid, rtrim(pg_get_ruledef(r.oid), ';')
                  FROM v JOIN pg_rewrite r ON r.ev_class = v.oid AND r.rulename <> '_RETURN'
                UNION ALL
                SELECT 3, r.oid, format('COMMENT ON RULE %I ON %s IS %L', r.rulename, v.name, p.description)
                  FROM v
                  JOIN pg_rewrite r ON r.ev_class = v.oid AND r.rulename <> '_RETURN'
                  JOIN pg_description p ON p.classoid = 'pg_rewrite'::regclass AND p.objoid = r.oid
                UNION ALL
                SELECT 4, t.oid, pg_get_triggerdef(t.oid)
                  FROM v JOIN pg_trigger t ON t.tgrelid = v.oid AND NOT t.tgisinternal
                UNION ALL
                SELECT 5, t.oid, format('COMMENT ON TRIGGER %I ON %s IS %L', t.tgname, v.name, p.description)
                  FROM v
                  JOIN pg_trigger t ON t.tgrelid = v.oid AND NOT t.tgisinternal
                  JOIN pg_description p ON p.classoid = 'pg_trigger'::regclass AND p.objoid = t.oid
                UNION ALL
                SELECT 6, i.indexrelid, pg_get_indexdef(i.indexrelid) FROM indexes i
                UNION ALL
                SELECT 7, i.indexrelid, format('ALTER INDEX %s SET TABLESPACE %I', i.index, i.spcname)
                  FROM indexes i WHERE i.spcname IS NOT NULL
                UNION ALL
                SELECT 8, i.indexrelid, format('ALTER %s %s CLUSTER ON %I', i.kind, i.name, i.relname)
                  FROM indexes i WHERE i.indisclustered
                UNION ALL
                SELECT 9, i.indexrelid,
                       format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', i.index, a.attnum, a.attstattarget)
                  FROM indexes i JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attstattarget >= 0
                UNION ALL
                SELECT 10, i.indexrelid, format('COMMENT ON INDEX %s IS %L', i.index, p.description)
                  FROM indexes i
                  JOIN pg_description p ON p.classoid = 'pg_class'::regclass AND p.objoid = i.indexrelid AND p.objsubid = 0
                UNION ALL
                SELECT 11, i.indexrelid, format('ALTER INDEX %s DEPENDS ON EXTENSION %I', i.index, e.extname)
                  FROM indexes i
                  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.deptype = 'x'
                  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
                UNION ALL
                SELECT 12, c.attnum, format('ALTER %s %s ALTER COLUMN %I SET %s', c.kind, c.name, c.attname, x.setting)
                  FROM columns c
                  JOIN pg_type t ON t.oid = c.atttypid
                 CROSS JOIN LATERAL (
                       SELECT 'STATISTICS ' || c.attstattarget WHERE c.attstattarget >= 0
                       UNION ALL
                       SELECT 'STORAGE ' || CASE c.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                                              WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
                        WHERE c.attstorage <> t.typstorage
                       UNION ALL
                       SELECT 'COMPRESSION ' || CASE c.attcompression WHEN 'p' THEN 'pglz' ELSE 'lz4' END
                        WHERE c.attcompression <> ''
                       UNION ALL
                       SELECT format('(%s)', (SELECT string_agg(format('%I = %L', split_part(o, '=', 1),
                                                                substr(o, strpos(o, '=') + 1)), ', ')
                                                FROM unnest(c.attoptions) AS o))
                        WHERE c.attoptions IS NOT NULL) AS x(setting)
                 WHERE c.kind = 'MATERIALIZED VIEW'
                UNION ALL
                SELECT 13, p.objsubid,
                       CASE p.objsubid WHEN 0 THEN format('COMMENT ON %s %s IS %L', v.kind, v.name, p.description)
                                       ELSE format('COMMENT ON COLUMN %s.%I IS %L', v.name, a.attname, p.description) END
                  FROM v
                  JOIN pg_description p ON p.classoid = 'pg_class'::regclass AND p.objoid = v.oid
                  LEFT JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum = p.objsubid AND p.objsubid > 0) AS all_statements
         ORDER BY step, place
        """);

    private final Session session;

    /** @param session with search_path pg_catalog */
    ViewWriter(Session session) {
        this.session = session;
    }

    /** Makes the view under another name, with all that belongs to it but owner and rights; a materialized one empty. */
    List<SqlText> make(Query view, QualifiedName made) throws SQLException {
        List<SqlText> statements = new ArrayList<>();
        statements.add(create(view, made, ""));
        statements.addAll(session.query(BELONGINGS, ViewWriter::statement, made.sql(), made.schema(), view.oid()));
        return statements;
    }

    /** Gives the view, and its rules, a new definition; all else that it has it keeps. */
    List<SqlText> replace(Query view) throws SQLException {
        List<SqlText> statements = new ArrayList<>();
        statements.add(create(view, view.name(), "OR REPLACE "));
        for (SqlText rule : rules(view)) {
            statements.add(new SqlText("CREATE OR REPLACE RULE " + rule.sql().substring(CREATE_RULE.length())));
        }
        return statements;
    }

    /** What {@link #replace} gives it, under another name. */
    List<SqlText> definition(Query view, QualifiedName made) throws SQLException {
        List<SqlText> statements = new ArrayList<>();
        statements.add(create(view, made, ""));
        statements.addAll(rules(view));
        return statements;
    }

    private List<SqlText> rules(Query view) throws SQLException {
        return session.query(RULES, ViewWriter::statement, view.oid());
    }

    private SqlText create(Query view, QualifiedName name, String orReplace) throws SQLException {
        SqlPart statement = session.queryOne(
                DEFINITION,
                row -> CREATE.with("orReplace", new SqlText(orReplace))
                        .with("kind", kind(view))
                        .with("name", name)
                        .with("columns", new SqlText(row.getString("columns")))
                        .with("storage", new SqlText(row.getString("storage")))
                        .with("query", new SqlText(row.getString("query")))
                        .with("data", new SqlText(view.isMaterialized() ? " WITH NO DATA" : "")),
                view.oid());
        return new SqlText(statement.sql());
    }

    /** As it stands in statements about the view. */
    static SqlText kind(Query query) {
        return new SqlText(
                switch (query.kind()) {
                    case VIEW -> "VIEW";
                    case MATERIALIZED_VIEW -> "MATERIALIZED VIEW";
                    case ROUTINE -> "ROUTINE";
                });
    }

    private static SqlText statement(ResultSet row) throws SQLException {
        return new SqlText(row.getString(1));
    }
}
