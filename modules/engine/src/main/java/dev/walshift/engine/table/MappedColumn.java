package dev.walshift.engine.table;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlText;

/**
 * A column of the shadow that gets its value from the source's row.
 *
 * @param target its name in the shadow
 * @param type its type in the shadow, with typmod
 * @param expression its value: a column of the source or the USING expression, over the source's unqualified column names
 * @param repeatable whether the expression gives the same value each time, so that it can be compared; not so for a volatile
 *     USING
 */
public record MappedColumn(Identifier target, SqlText type, SqlText expression, boolean repeatable) {

    /** The value as the shadow stores it. An explicit cast, so that it stands outside INSERT too. */
    public SqlText cast() {
        return new SqlText("CAST((" + expression.escaped().sql() + ") AS " + type.sql() + ")");
    }
}
