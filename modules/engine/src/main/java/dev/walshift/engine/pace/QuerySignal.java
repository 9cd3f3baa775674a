package dev.walshift.engine.pace;

import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;

/** The operator's own SQL: false, null, zero or no row is fine, true or a number above zero is not. */
final class QuerySignal implements Signal {
    /** As the operator would see it in a session of his own; and it must neither write nor take long. */
    private static final SqlTemplate AS_THE_OPERATOR = SqlTemplate.of("""
        SET LOCAL transaction_read_only = on;
        SET LOCAL statement_timeout = '1s';
        SET LOCAL search_path TO DEFAULT;
        SET LOCAL row_security TO DEFAULT
        """);

    private static final int LONGEST_SHOWN = 60;

    private final SqlText query;

    QuerySignal(String query) {
        this.query = new SqlText(query).escaped();
    }

    @Override
    public Reading measure(Session session, Tolerance tolerance) throws SQLException {
        try {
            return session.inTransaction(Isolation.READ_COMMITTED, tx -> {
                tx.execute(AS_THE_OPERATOR);
                return tx.queryFirst(query, QuerySignal::judge).orElse(Reading.FINE);
            });
        } catch (SQLException e) {
            throw new SQLException("--pace-query: " + e.getMessage(), e.getSQLState(), e);
        }
    }

    private static Reading judge(ResultSet row) throws SQLException {
        Object value = row.getObject(1);
        return switch (value) {
            case null -> Reading.FINE;
            case Boolean slow -> slow ? passed("true") : Reading.FINE;
            case Number number
            when !Double.isNaN(number.doubleValue()) -> number.doubleValue() > 0 ? passed(shown(number)) : Reading.FINE;
            default ->
                Reading.unknown(
                        "--pace-query gives neither a truth value nor a number, but: %s".formatted(shown(value)));
        };
    }

    private static Reading passed(String value) {
        return Reading.slow("--pace-query gives " + value);
    }

    private static String shown(Object value) {
        String text = value.toString();
        return text.length() > LONGEST_SHOWN ? text.substring(0, LONGEST_SHOWN) + "..." : text;
    }
}
