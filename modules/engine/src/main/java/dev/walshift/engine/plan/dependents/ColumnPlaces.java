package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.List;

/** Refuses what counts the table's columns, as {@code FROM table x(a, b)} does, where the change puts them in other places. */
final class ColumnPlaces {
    private static final SqlTemplate COLUMNS = SqlTemplate.of("""
        SELECT attname FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
        """);

    private ColumnPlaces() {}

    /** @param definition by the server, of something that hangs on the source */
    static void check(Session session, Subject subject, List<? extends SqlPart> definition)
            throws SQLException, UnwritableException {
        boolean counts = definition.stream()
                .map(statement -> new ServerSql(statement.sql()))
                .anyMatch(statement -> statement.namesColumnsOf(subject.name().name()));
        if (counts && subject.probe().isPresent() && moves(session, subject)) {
            throw new UnwritableException(
                    "it gives the table's columns other names by their places, as FROM table x(a, b) does, and the"
                            + " change puts columns in other places",
                    "Change it first so that it uses the columns by their own names, or leave the columns in their"
                            + " places");
        }
    }

    private static boolean moves(Session session, Subject subject) throws SQLException {
        List<Identifier> before = columns(session, subject.name().sql());
        List<Identifier> after = columns(session, subject.probe().orElseThrow().sql());
        return after.size() < before.size()
                || !before.stream()
                        .allMatch(column -> after.get(before.indexOf(column))
                                .equals(subject.columns().get(column)));
    }

    private static List<Identifier> columns(Session session, String table) throws SQLException {
        return session.query(COLUMNS, row -> new Identifier(row.getString(1)), table);
    }
}
