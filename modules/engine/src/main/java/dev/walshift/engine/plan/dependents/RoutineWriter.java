package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.plan.dependents.QueryGraph.Query;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/** Writes down a function or procedure, as the server tells it under search_path pg_catalog: all that it names has its schema. */
final class RoutineWriter {
    /** The server always writes the routine's own name with its schema. */
    private static final SqlTemplate DEFINITION = SqlTemplate.of("""
        SELECT format('CREATE OR REPLACE %s ', CASE prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END) AS keywords,
               quote_ident(nspname) AS schema, pg_get_functiondef(p.oid) AS definition
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE p.oid = ?::oid
        """);

    private static final SqlTemplate NAME =
            SqlTemplate.of("SELECT format('%I(%s)', proname, pg_get_function_identity_arguments(oid)) FROM pg_proc"
                    + " WHERE oid = ?::oid");

    /** As regprocedure has it. */
    private static final SqlTemplate SIGNATURE = SqlTemplate.of("""
        SELECT format('%I.%I(%s)', ?::text, proname,
                      (SELECT string_agg(format_type(a.type, NULL), ', ' ORDER BY a.place)
                         FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS a(type, place)))
          FROM pg_proc WHERE oid = ?::oid
        """);

    private static final SqlTemplate COMMENT = SqlTemplate.of("""
        SELECT format('COMMENT ON ROUTINE %s IS %L', ?::text, description) FROM pg_description
         WHERE classoid = 'pg_proc'::regclass AND objoid = ?::oid
        """);

    private static final SqlTemplate NAME_IN = SqlTemplate.of("{schema}.{routine}");

    /** An aggregate has no definition of its own, and a window function is in C. */
    private static final SqlTemplate IS_PLAIN =
            SqlTemplate.of("SELECT prokind IN ('f', 'p') FROM pg_proc WHERE oid = ?::oid");

    /** Whether arguments or result are rows of one of these relations, or arrays of such. */
    private static final SqlTemplate HAS_ROWS_OF = SqlTemplate.of("""
        SELECT EXISTS (
               SELECT FROM pg_proc p
                CROSS JOIN LATERAL unnest(p.proargtypes::oid[] || p.proallargtypes || p.prorettype) AS used(type)
                 JOIN pg_type t ON t.oid = used.type
                 LEFT JOIN pg_type e ON e.oid = t.typelem
                WHERE p.oid = ?::oid
                  AND (t.typrelid = ANY (?::bigint[]) OR (t.typelem <> 0 AND e.typrelid = ANY (?::bigint[]))))
        """);

    /** What a body in a string means is found out when it runs, under a search path that is not known here. */
    private static final SqlTemplate BODY_CHECK = SqlTemplate.of("""
        SELECT 'SET LOCAL check_function_bodies = ' || CASE WHEN prosqlbody IS NULL THEN 'off' ELSE 'on' END
          FROM pg_proc WHERE oid = ?::oid
        """);

    private final Session session;

    /** @param session with search_path pg_catalog */
    RoutineWriter(Session session) {
        this.session = session;
    }

    boolean isPlain(Query routine) throws SQLException {
        return session.queryOne(IS_PLAIN, row -> row.getBoolean(1), routine.oid());
    }

    /** Whether its signature names the row type of one of these relations, which CREATE OR REPLACE can't change. */
    boolean hasRowsOf(Query routine, Long[] relations) throws SQLException {
        return session.queryOne(HAS_ROWS_OF, row -> row.getBoolean(1), routine.oid(), relations, relations);
    }

    /** Name and arguments, in a schema. */
    SqlText name(Query routine, Identifier schema) throws SQLException {
        SqlText name = session.queryOne(NAME, RoutineWriter::text, routine.oid());
        return new SqlText(NAME_IN.with("schema", schema).with("routine", name).sql());
    }

    /** Name and types of arguments, in a schema. */
    ServerSql signature(Query routine, Identifier schema) throws SQLException {
        return session.queryOne(SIGNATURE, row -> new ServerSql(row.getString(1)), schema, routine.oid());
    }

    /** Makes it in {@code schema}, or replaces what is there. */
    List<SqlText> definition(Query routine, Identifier schema) throws SQLException {
        return List.of(session.queryOne(BODY_CHECK, RoutineWriter::text, routine.oid()), create(routine, schema));
    }

    private SqlText create(Query routine, Identifier schema) throws SQLException {
        return session.queryOne(
                DEFINITION,
                row -> {
                    String definition = row.getString("definition");
                    String keywords = row.getString("keywords");
                    String head = keywords + row.getString("schema");
                    if (!definition.startsWith(head + ".")) {
                        throw new IllegalStateException("not the definition of %s: %s".formatted(routine, definition));
                    }
                    return new SqlText(keywords + schema.sql() + definition.substring(head.length()));
                },
                routine.oid());
    }

    List<SqlText> comment(Query routine, SqlText made) throws SQLException {
        return session.query(COMMENT, RoutineWriter::text, made.sql(), routine.oid());
    }

    private static SqlText text(ResultSet row) throws SQLException {
        return new SqlText(row.getString(1));
    }
}
