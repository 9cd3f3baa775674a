package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Gives several columns of a table other names at once. */
public final class ColumnRenaming {
    private static final SqlTemplate RENAME = SqlTemplate.of("ALTER TABLE {table} RENAME COLUMN {from} TO {to}");

    private ColumnRenaming() {}

    /**
     * By way of names that nobody has, since two columns may have swapped theirs.
     *
     * @param names new names by present name
     */
    public static void apply(Session session, SqlPart table, Map<Identifier, Identifier> names) throws SQLException {
        List<Map.Entry<Identifier, Identifier>> ordered = new ArrayList<>(names.entrySet());
        for (int i = 0; i < ordered.size(); i++) {
            rename(session, table, ordered.get(i).getKey(), between(i));
        }
        for (int i = 0; i < ordered.size(); i++) {
            rename(session, table, between(i), ordered.get(i).getValue());
        }
    }

    private static Identifier between(int number) {
        return new Identifier("walshift_column_" + number);
    }

    private static void rename(Session session, SqlPart table, Identifier from, Identifier to) throws SQLException {
        session.execute(RENAME.with("table", table).with("from", from).with("to", to));
    }
}
