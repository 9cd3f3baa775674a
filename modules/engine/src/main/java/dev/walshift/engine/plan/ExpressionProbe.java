package dev.walshift.engine.plan;

import dev.walshift.engine.plan.dependents.ColumnRenaming;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Asks the server what an expression over a table's columns means. It is put into a CHECK constraint, whose rules are those of
 * ALTER COLUMN ... USING (no subqueries, aggregates, sets; volatile functions allowed), read back and rolled back.
 */
final class ExpressionProbe {
    private static final SqlTemplate ADD =
            SqlTemplate.of("ALTER TABLE {table} ADD CONSTRAINT walshift_expression CHECK (({expression}) IS NULL)");

    /**
     * Functions stand in the stored tree by oid (:funcid, :opfuncid), the words for clock and user (CURRENT_DATE, ...) as
     * SQLVALUEFUNCTION. A stable function of the system that reads clock, session or catalog gives another value another time.
     */
    private static final SqlTemplate READ = SqlTemplate.of("""
        SELECT pg_get_expr(c.conbin, c.conrelid) AS sql,
               ARRAY(SELECT DISTINCT (v)[1] FROM regexp_matches(c.conbin::text, ':varattno (-?\\d+)', 'g') AS v) AS columns,
               NOT c.conbin::text LIKE '%SQLVALUEFUNCTION%' AND COALESCE(called.repeatable, true) AS repeatable,
               COALESCE(called.unsettled, false) AS unsettled
          FROM pg_constraint c
         CROSS JOIN LATERAL (
               SELECT bool_and(p.provolatile = 'i'
                               OR p.provolatile = 's' AND n.nspname = 'pg_catalog' AND NOT p.proname ~
                                  '^(now$|transaction_t|statement_t|age$|pg_|current_|txid_|inet_|has_|to_reg|session_|version$|obj_|col_|shobj_|query_to_|table_to_|schema_to_|database_to_|cursor_to_|row_security)'
                              ) AS repeatable,
                      bool_or(p.provolatile = 's') AS unsettled
                 FROM pg_proc p
                 JOIN pg_namespace n ON n.oid = p.pronamespace
                WHERE p.oid IN (SELECT (f)[1]::oid
                                  FROM regexp_matches(c.conbin::text, ':(?:op)?funcid (\\d+)', 'g') AS f)) AS called
         WHERE c.conrelid = {table}::regclass AND c.conname = 'walshift_expression'
        """);

    private final Session session;
    private final SqlPart table;
    private final SqlPart literal;

    ExpressionProbe(Session session, SqlPart table) {
        this.session = session;
        this.table = table;
        this.literal = SqlText.literal(table.sql());
    }

    /** What SQL of ours means. */
    Expression read(SqlPart expression) throws SQLException {
        return session.tryOut(transaction -> {
            transaction.execute(ADD.with("table", table).with("expression", expression));
            return read();
        });
    }

    /**
     * What SQL of the operator's means, with columns called by other names than the table has now.
     *
     * @param names new names by present name, for those that differ
     * @return empty if the server does not accept it here
     */
    Optional<Expression> readOperators(Settings settings, String expression, Map<Identifier, Identifier> names)
            throws SQLException {
        try {
            return session.tryOut(transaction -> {
                settings.asOperator(transaction);
                transaction.execute(ADD.with("table", table).with("expression", new SqlText(expression)));
                settings.asWalshift(transaction);
                ColumnRenaming.apply(transaction, table, names);
                return Optional.of(read());
            });
        } catch (SQLException e) {
            if (SqlStates.isPassing(e)) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private Expression read() throws SQLException {
        return session.queryOne(READ.with("table", literal), ExpressionProbe::expression);
    }

    private static Expression expression(ResultSet row) throws SQLException {
        Array columns = row.getArray("columns");
        List<Integer> numbers =
                Stream.of((String[]) columns.getArray()).map(Integer::valueOf).toList();
        return new Expression(
                new SqlText(CatalogReader.between(row.getString("sql"), "(", " IS NULL)")
                        .sql()
                        .strip()),
                numbers,
                row.getBoolean("repeatable"),
                row.getBoolean("unsettled"));
    }
}
