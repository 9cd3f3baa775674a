package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Gives several columns of a table other names at once. */
public final class ColumnRenaming {
    private static final SqlTemplate RENAME = SqlTemplate.of("ALTER TABLE {table} RENAME COLUMN {from} TO {to}");

    private static final SqlTemplate COLUMNS = SqlTemplate.of("""
        SELECT attname FROM pg_attribute WHERE attrelid = {table}::regclass AND attnum > 0 AND NOT attisdropped
        """);

    private ColumnRenaming() {}

    /**
     * By way of names that nobody has, since two columns may have swapped theirs.
     *
     * @param names new names by present name
     */
    public static void apply(Session session, SqlPart table, Map<Identifier, Identifier> names) throws SQLException {
        Set<Identifier> taken = new HashSet<>(names.values());
        taken.addAll(session.query(
                COLUMNS.with("table", SqlText.literal(table.sql())), row -> new Identifier(row.getString(1))));
        Map<Identifier, Identifier> between = new LinkedHashMap<>();
        for (Map.Entry<Identifier, Identifier> column : names.entrySet()) {
            Identifier free = free(taken);
            taken.add(free);
            rename(session, table, column.getKey(), free);
            between.put(free, column.getValue());
        }
        for (Map.Entry<Identifier, Identifier> column : between.entrySet()) {
            rename(session, table, column.getKey(), column.getValue());
        }
    }

    private static Identifier free(Set<Identifier> taken) {
        int number = 0;
        while (taken.contains(new Identifier("walshift_column_" + number))) {
            number++;
        }
        return new Identifier("walshift_column_" + number);
    }

    private static void rename(Session session, SqlPart table, Identifier from, Identifier to) throws SQLException {
        session.execute(RENAME.with("table", table).with("from", from).with("to", to));
    }
}
