package dev.walshift.engine.verify;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.KeyColumn;
import dev.walshift.engine.table.MappedColumn;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Compares source and shadow in a transaction in which they should be equal, range by range, both ways. Byte-exact: {@code *<>}
 * compares the rows' images (src/backend/utils/adt/rowtypes.c, record_image_ne), so 1.0 and 1.00 differ.
 */
final class Comparison {
    private static final int SHOWN = 10;

    private static final SqlTemplate PAGES =
            SqlTemplate.of("SELECT pg_relation_size({table}::regclass) / current_setting('block_size')::bigint");

    private static final SqlTemplate SOURCE_TO_SHADOW = SqlTemplate.of("""
        SELECT ROW({sourceKeyAliases})::text
          FROM (SELECT {sourceSide} FROM ONLY {source} WHERE ctid >= {from} AND ctid < {to}) AS s
          LEFT JOIN (SELECT {shadowSide} FROM ONLY {shadow}) AS t ON {sameKey}
         WHERE t.present IS NULL OR ROW({sourceValues})::record *<> ROW({shadowValues})::record
         LIMIT {shown}
        """);

    /** By the key cast back: the conversions that the plan allows for a key are one to one. */
    private static final SqlTemplate SHADOW_TO_SOURCE = SqlTemplate.of("""
        SELECT ROW({shadowKeyAliases})::text
          FROM (SELECT {shadowSide} FROM ONLY {shadow} WHERE ctid >= {from} AND ctid < {to}) AS t
         WHERE NOT EXISTS (SELECT FROM (SELECT {sourceSide} FROM ONLY {source}) AS s WHERE {sameKey})
         LIMIT {shown}
        """);

    private final Blueprint table;

    Comparison(Blueprint table) {
        this.table = table;
    }

    long sourcePages(Session session) throws SQLException {
        return pages(session, SqlText.literal(table.source().name().sql()));
    }

    long shadowPages(Session session) throws SQLException {
        return pages(session, SqlText.literal(table.shadow().sql()));
    }

    private static long pages(Session session, SqlText table) throws SQLException {
        return session.queryOne(PAGES.with("table", table), row -> row.getLong(1));
    }

    /** Each source row on these pages has its image in the shadow. */
    Optional<Difference> sourceToShadow(Session transaction, long from, long to) throws SQLException {
        List<KeyColumn> key = table.key().columns();
        List<MappedColumn> values = table.mapping().repeatable();
        List<SqlText> sourceSide = new ArrayList<>();
        List<SqlText> shadowSide = new ArrayList<>(List.of(new SqlText("true AS present")));
        List<SqlText> sameKey = new ArrayList<>();
        for (int i = 0; i < key.size(); i++) {
            sourceSide.add(as(key.get(i).mapped().sql(), "k", i));
            sourceSide.add(as(key.get(i).source().sql(), "o", i));
            shadowSide.add(as(key.get(i).target().sql(), "k", i));
            sameKey.add(new SqlText("s.k%d = t.k%d".formatted(i, i)));
        }
        for (int i = 0; i < values.size(); i++) {
            sourceSide.add(as(values.get(i).cast().sql(), "v", i));
            shadowSide.add(as(values.get(i).target().sql(), "v", i));
        }
        return find(
                transaction,
                Difference.Kind.MISSING_OR_DIFFERENT_IN_SHADOW,
                SOURCE_TO_SHADOW
                        .with("sourceKeyAliases", aliases("s.o", key.size()))
                        .with("sourceSide", SqlText.list(sourceSide))
                        .with("source", table.source().name())
                        .with("shadowSide", SqlText.list(shadowSide))
                        .with("shadow", table.shadow())
                        .with("sameKey", SqlText.join(" AND ", sameKey))
                        .with("sourceValues", aliases("s.v", values.size()))
                        .with("shadowValues", aliases("t.v", values.size())),
                from,
                to);
    }

    /** Each shadow row on these pages has a source row. */
    Optional<Difference> shadowToSource(Session transaction, long from, long to) throws SQLException {
        List<KeyColumn> key = table.key().columns();
        List<SqlText> sourceSide = new ArrayList<>();
        List<SqlText> shadowSide = new ArrayList<>();
        List<SqlText> sameKey = new ArrayList<>();
        for (int i = 0; i < key.size(); i++) {
            Identifier target = key.get(i).target();
            sourceSide.add(as(key.get(i).source().sql(), "k", i));
            shadowSide.add(
                    as("(%s)::%s".formatted(target.sql(), key.get(i).type().sql()), "k", i));
            shadowSide.add(as(target.sql(), "o", i));
            sameKey.add(new SqlText("s.k%d = t.k%d".formatted(i, i)));
        }
        return find(
                transaction,
                Difference.Kind.NOT_IN_SOURCE,
                SHADOW_TO_SOURCE
                        .with("shadowKeyAliases", aliases("t.o", key.size()))
                        .with("shadowSide", SqlText.list(shadowSide))
                        .with("shadow", table.shadow())
                        .with("sourceSide", SqlText.list(sourceSide))
                        .with("source", table.source().name())
                        .with("sameKey", SqlText.join(" AND ", sameKey)),
                from,
                to);
    }

    private static Optional<Difference> find(
            Session transaction, Difference.Kind kind, SqlTemplate query, long from, long to) throws SQLException {
        List<String> keys = transaction.query(
                query.with("from", new SqlText("'(%d,0)'::tid".formatted(from)))
                        .with("to", new SqlText("'(%d,0)'::tid".formatted(to)))
                        .with("shown", new SqlText(Integer.toString(SHOWN))),
                row -> row.getString(1));
        return keys.isEmpty() ? Optional.empty() : Optional.of(new Difference(kind, keys));
    }

    private static SqlText as(String expression, String alias, int number) {
        return new SqlText("%s AS %s%d".formatted(expression, alias, number));
    }

    private static SqlText aliases(String prefix, int count) {
        List<SqlText> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add(new SqlText(prefix + i));
        }
        return SqlText.list(names);
    }
}
