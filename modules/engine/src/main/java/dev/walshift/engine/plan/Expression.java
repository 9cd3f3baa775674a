package dev.walshift.engine.plan;

import dev.walshift.postgres.SqlText;
import java.util.List;

/**
 * An expression over a table's columns, as the server understood it.
 *
 * @param sql deparsed, every name with its schema
 * @param columns numbers of the columns that it reads; 0 stands for the whole row
 * @param repeatable whether it gives the same value for the same row each time
 * @param unsettled whether it depends on settings such as TimeZone or DateStyle
 */
record Expression(SqlText sql, List<Integer> columns, boolean repeatable, boolean unsettled) {
    Expression {
        columns = List.copyOf(columns);
    }
}
