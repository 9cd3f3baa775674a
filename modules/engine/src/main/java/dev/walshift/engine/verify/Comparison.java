package dev.walshift.engine.verify;

import dev.walshift.engine.journal.VerifyProgress.Direction;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.KeyColumn;
import dev.walshift.engine.table.MappedColumn;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.Array;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Compares pages of source and shadow in a transaction in which the tables should be equal. Byte-exact: {@code *<>} compares the rows'
 * images (src/backend/utils/adt/rowtypes.c, record_image_ne), so 1.0 and 1.00 differ.
 */
final class Comparison {
    private static final int SHOWN = 10;
    private static final int KEPT = 1_000;

    private static final SqlTemplate PAGES =
            SqlTemplate.of("SELECT pg_relation_size({table}::regclass) / current_setting('block_size')::bigint");

    /** Each pair of rows is found once, so nothing is worth remembering; workers share the ranges, the leader waits. */
    private static final SqlTemplate SETTINGS = SqlTemplate.of("""
        SET LOCAL enable_memoize = off;
        SET LOCAL max_parallel_workers_per_gather = {workers};
        SET LOCAL parallel_leader_participation = off;
        SET LOCAL parallel_setup_cost = 0;
        SET LOCAL parallel_tuple_cost = 0
        """);

    private static final SqlTemplate SOURCE_TO_SHADOW = SqlTemplate.of("""
        SELECT {result}
          FROM (SELECT {sourceSide} FROM ONLY {heap} WHERE ctid >= {from} AND ctid < {to}) AS s
          LEFT JOIN (SELECT {shadowSide} FROM {shadow}) AS t ON {sameRow}
        """);
    private static final SqlTemplate DIFFERS =
            SqlTemplate.of("t.present IS NULL OR ROW({sourceValues})::record *<> ROW({shadowValues})::record");

    /** By the key cast back: the conversions that the plan allows for a key are one to one. */
    private static final SqlTemplate SHADOW_TO_SOURCE = SqlTemplate.of("""
        SELECT {result}
          FROM (SELECT {shadowSide} FROM ONLY {heap} WHERE ctid >= {from} AND ctid < {to}) AS t
          LEFT JOIN (SELECT {sourceSide} FROM {source}) AS s ON {sameKey}
        """);

    /**
     * A unique index on the key keeps a plain shadow from having a second row for the source's. In a partitioned one that could lie in
     * another partition, so the values are compared once more.
     */
    private static final SqlTemplate NOT_IN_SOURCE = SqlTemplate.of("s.present IS NULL{orOther}");

    private static final SqlTemplate OR_OTHER =
            SqlTemplate.of(" OR ROW({sourceValues})::record *<> ROW({shadowValues})::record");

    private static final SqlTemplate COUNT =
            SqlTemplate.of("SELECT count(*), count(*) FILTER (WHERE differs) FROM ({ranges}) AS compared (differs)");

    private static final SqlTemplate CREATE_EVIDENCE = SqlTemplate.of("""
        CREATE TABLE {evidence} (kind text NOT NULL, key text NOT NULL, columns text[] NOT NULL, source_row text, shadow_row text)
        """);
    private static final SqlTemplate KEEP = SqlTemplate.of("""
        INSERT INTO {evidence}
        SELECT kind, key, columns, source_row, shadow_row
          FROM ({ranges}) AS compared (differs, kind, key, columns, source_row, shadow_row)
         WHERE differs
         LIMIT {kept}
        """);
    private static final SqlTemplate WRONG_OR_MISSING = SqlTemplate.of("""
        {differs},
        CASE WHEN t.present THEN 'DIFFERENT' ELSE 'MISSING_IN_SHADOW' END,
        ROW({key})::text,
        CASE WHEN t.present THEN array_remove(ARRAY[{differentColumns}]::text[], NULL) ELSE '{}'::text[] END,
        ROW({sourceValues})::text,
        CASE WHEN t.present THEN ROW({shadowValues})::text END
        """);
    private static final SqlTemplate TOO_MANY = SqlTemplate.of("""
        {differs}, 'NOT_IN_SOURCE', ROW({key})::text, '{}'::text[], NULL::text, ROW({shadowValues})::text
        """);
    private static final SqlTemplate FIRST =
            SqlTemplate.of("SELECT kind, key, columns FROM {evidence} ORDER BY key LIMIT {shown}");

    private final Blueprint table;
    private final int workers;

    /**
     * @param workers of the server that may compare side by side
     */
    Comparison(Blueprint table, int workers) {
        this.table = table;
        this.workers = workers;
    }

    /**
     * What was found on some pages.
     *
     * @param rows that were compared
     * @param differing that are not as they should be
     */
    record Found(long rows, long differing) {}

    /** Of each of its heaps. */
    List<Long> sourcePages(Session session) throws SQLException {
        return pages(session, table.sourceTree().names());
    }

    /** Of each of its heaps. */
    List<Long> shadowPages(Session session) throws SQLException {
        return pages(session, table.heaps());
    }

    private static List<Long> pages(Session session, List<QualifiedName> heaps) throws SQLException {
        List<Long> pages = new ArrayList<>();
        for (QualifiedName heap : heaps) {
            pages.add(pages(session, heap));
        }
        return pages;
    }

    private static long pages(Session session, QualifiedName table) throws SQLException {
        return session.queryOne(PAGES.with("table", SqlText.literal(table.sql())), row -> row.getLong(1));
    }

    /** Compares the rows on these pages with those of the other table. The server's workers see what the transaction has written. */
    Found count(Session transaction, Direction direction, List<Heaps.Part> pages) throws SQLException {
        transaction.execute(SETTINGS.with("workers", number(workers > 1 ? workers : 0)));
        return transaction.queryOne(
                COUNT.with("ranges", select(direction, pages, differs(direction))),
                row -> new Found(row.getLong(1), row.getLong(2)));
    }

    /** Writes what differs on these pages, the values too, into a table beside the key log; returns the first ones. */
    List<Difference> keep(Session transaction, Direction direction, List<Heaps.Part> pages) throws SQLException {
        transaction.execute(CREATE_EVIDENCE.with("evidence", evidence()));
        long unused = transaction.update(KEEP.with("evidence", evidence())
                .with("ranges", select(direction, pages, evidence(direction)))
                .with("kept", number(KEPT)));
        return transaction.query(
                FIRST.with("evidence", evidence()).with("shown", number(SHOWN)),
                row -> new Difference(
                        Difference.Kind.valueOf(row.getString(1)), row.getString(2), texts(row.getArray(3))));
    }

    /** The table of differences. */
    QualifiedName evidence() {
        return new QualifiedName(table.keyLog().schema(), new Identifier("differences"));
    }

    private static List<String> texts(Array array) throws SQLException {
        return List.of((String[]) array.getArray());
    }

    private SqlText select(Direction direction, List<Heaps.Part> pages, SqlText result) {
        SqlTemplate select =
                (direction == Direction.SOURCE_TO_SHADOW ? sourceToShadow() : shadowToSource()).with("result", result);
        return SqlText.join(
                " UNION ALL ",
                pages.stream()
                        .map(part -> select.with("heap", part.table())
                                .with("from", part.pages().firstRow())
                                .with("to", part.pages().behindLastRow()))
                        .toList());
    }

    private SqlTemplate sourceToShadow() {
        List<KeyColumn> key = table.key().columns();
        List<MappedColumn> values = values();
        List<SqlText> sourceSide = new ArrayList<>();
        List<SqlText> shadowSide = new ArrayList<>(List.of(new SqlText("true AS present")));
        for (int i = 0; i < key.size(); i++) {
            sourceSide.add(as(key.get(i).mapped().sql(), "k", i));
            sourceSide.add(as(key.get(i).source().sql(), "o", i));
            shadowSide.add(as(key.get(i).target().sql(), "k", i));
        }
        for (int i = 0; i < values.size(); i++) {
            sourceSide.add(as(values.get(i).cast().sql(), "v", i));
            shadowSide.add(as(values.get(i).target().sql(), "v", i));
        }
        return SOURCE_TO_SHADOW
                .with("sourceSide", SqlText.list(sourceSide))
                .with("shadowSide", SqlText.list(shadowSide))
                .with("shadow", table.shadow())
                .with("sameRow", SqlText.join(" AND ", List.of(sameKey(), samePartition())));
    }

    private SqlTemplate shadowToSource() {
        List<KeyColumn> key = table.key().columns();
        List<MappedColumn> values = values();
        List<SqlText> sourceSide = new ArrayList<>(List.of(new SqlText("true AS present")));
        List<SqlText> shadowSide = new ArrayList<>();
        for (int i = 0; i < key.size(); i++) {
            Identifier target = key.get(i).target();
            sourceSide.add(as(key.get(i).source().sql(), "k", i));
            shadowSide.add(
                    as("(%s)::%s".formatted(target.sql(), key.get(i).type().sql()), "k", i));
            shadowSide.add(as(target.sql(), "o", i));
        }
        for (int i = 0; i < values.size(); i++) {
            shadowSide.add(as(values.get(i).target().sql(), "v", i));
            if (table.hasPartitions()) {
                sourceSide.add(as(values.get(i).cast().sql(), "v", i));
            }
        }
        return SHADOW_TO_SOURCE
                .with("sourceSide", SqlText.list(sourceSide))
                .with("shadowSide", SqlText.list(shadowSide))
                .with("source", table.sourceRows())
                .with("sameKey", sameKey());
    }

    private SqlText differs(Direction direction) {
        return switch (direction) {
            case SOURCE_TO_SHADOW ->
                new SqlText(DIFFERS.with("sourceValues", aliases("s.v", values().size()))
                        .with("shadowValues", aliases("t.v", values().size()))
                        .sql());
            case SHADOW_TO_SOURCE -> {
                SqlPart orOther = table.hasPartitions()
                        ? OR_OTHER.with("sourceValues", aliases("s.v", values().size()))
                                .with("shadowValues", aliases("t.v", values().size()))
                        : new SqlText("");
                yield new SqlText(NOT_IN_SOURCE.with("orOther", orOther).sql());
            }
        };
    }

    private SqlText evidence(Direction direction) {
        int key = table.key().columns().size();
        SqlText shadowValues = aliases("t.v", values().size());
        SqlTemplate evidence = switch (direction) {
            case SOURCE_TO_SHADOW ->
                WRONG_OR_MISSING
                        .with("key", aliases("s.o", key))
                        .with("differentColumns", differentColumns())
                        .with("sourceValues", aliases("s.v", values().size()));
            case SHADOW_TO_SOURCE -> TOO_MANY.with("key", aliases("t.o", key));
        };
        return new SqlText(evidence.with("differs", differs(direction))
                .with("shadowValues", shadowValues)
                .sql());
    }

    private SqlText differentColumns() {
        List<SqlText> columns = new ArrayList<>();
        for (int i = 0; i < values().size(); i++) {
            columns.add(new SqlText("CASE WHEN ROW(s.v%d)::record *<> ROW(t.v%d)::record THEN %s END"
                    .formatted(
                            i,
                            i,
                            SqlText.literal(values().get(i).target().name()).sql())));
        }
        return SqlText.list(columns);
    }

    private SqlText sameKey() {
        List<SqlText> sameKey = new ArrayList<>();
        for (int i = 0; i < table.key().columns().size(); i++) {
            sameKey.add(new SqlText("s.k%d = t.k%d".formatted(i, i)));
        }
        return SqlText.join(" AND ", sameKey);
    }

    /** So that the server looks into one partition; a row that is in another one by mistake is missing in its own. */
    private SqlText samePartition() {
        List<MappedColumn> values = values();
        List<SqlText> same = new ArrayList<>(List.of(new SqlText("true")));
        for (int i = 0; i < values.size(); i++) {
            if (table.partitions().key().contains(values.get(i).target())) {
                same.add(new SqlText("t.v%d = s.v%d".formatted(i, i)));
            }
        }
        return SqlText.join(" AND ", same);
    }

    private List<MappedColumn> values() {
        return table.mapping().repeatable();
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

    private static SqlText number(int number) {
        return new SqlText(Integer.toString(number));
    }
}
