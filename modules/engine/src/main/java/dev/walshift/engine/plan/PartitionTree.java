package dev.walshift.engine.plan;

import dev.walshift.engine.table.Partitions;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What is below a table.
 *
 * @param key how the table is partitioned: {@code RANGE (created_at)}; empty if it is plain
 * @param keyColumns plain columns by which the table, or one below it, is partitioned
 * @param partitions every table below, each after the one that it is a partition of
 */
record PartitionTree(Optional<String> key, List<Identifier> keyColumns, List<Partition> partitions) {
    /** A plain table's. */
    static final PartitionTree NONE = new PartitionTree(Optional.empty(), List.of(), List.of());

    private static final SqlTemplate KEY = SqlTemplate.of("SELECT pg_get_partkeydef(?::oid)");

    private static final SqlTemplate KEY_COLUMNS = SqlTemplate.of("""
        SELECT DISTINCT a.attname
          FROM pg_partition_tree(?::oid::regclass) t
          JOIN pg_partitioned_table p ON p.partrelid = t.relid
         CROSS JOIN LATERAL unnest(p.partattrs::int2[]) AS number
          JOIN pg_attribute a ON a.attrelid = t.relid AND a.attnum = number AND number > 0
         ORDER BY 1
        """);

    private static final SqlTemplate BELOW = SqlTemplate.of("""
        SELECT t.relid::oid::bigint, t.isleaf, p.relname, pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid)
          FROM pg_partition_tree(?::oid::regclass) t
          JOIN pg_class c ON c.oid = t.relid
          JOIN pg_class p ON p.oid = t.parentrelid
         WHERE t.level > 0
         ORDER BY t.level, t.relid::oid
        """);

    PartitionTree {
        keyColumns = List.copyOf(keyColumns);
        partitions = List.copyOf(partitions);
    }

    /**
     * A table below.
     *
     * @param leaf whether it holds rows; otherwise it is partitioned itself
     * @param parent the table that it is a partition of
     * @param bound what is in it: {@code FOR VALUES IN (1)}
     * @param key how it is partitioned itself
     */
    record Partition(TableModel table, boolean leaf, Identifier parent, SqlText bound, Optional<String> key) {}

    /** @param session with search_path pg_catalog */
    static PartitionTree of(Session session, long table) throws SQLException {
        Optional<String> key = session.queryOne(KEY, row -> Optional.ofNullable(row.getString(1)), table);
        if (key.isEmpty()) {
            return NONE;
        }
        List<Partition> partitions = new ArrayList<>();
        for (Below below : session.query(BELOW, PartitionTree::below, table)) {
            partitions.add(new Partition(
                    new CatalogReader(session, below.oid()).read(),
                    below.leaf(),
                    below.parent(),
                    below.bound(),
                    below.key()));
        }
        return new PartitionTree(
                key, session.query(KEY_COLUMNS, row -> new Identifier(row.getString(1)), table), partitions);
    }

    private record Below(long oid, boolean leaf, Identifier parent, SqlText bound, Optional<String> key) {}

    private static Below below(ResultSet row) throws SQLException {
        return new Below(
                row.getLong(1),
                row.getBoolean(2),
                new Identifier(row.getString(3)),
                new SqlText(row.getString(4)),
                Optional.ofNullable(row.getString(5)));
    }

    boolean isPartitioned() {
        return key.isPresent();
    }

    /** The tables that hold rows, in order of their OIDs. */
    List<TableModel> leaves() {
        return partitions.stream()
                .filter(Partition::leaf)
                .map(Partition::table)
                .sorted(Comparator.comparingLong(table -> table.relation().oid()))
                .toList();
    }

    /** The table that all this is below, and then all this. */
    List<TableModel> with(TableModel root) {
        List<TableModel> all = new ArrayList<>(List.of(root));
        all.addAll(tables());
        return all;
    }

    List<TableModel> tables() {
        return partitions.stream().map(Partition::table).toList();
    }

    /** @param searched columns that a row can be looked for by */
    Partitions names(List<Identifier> searched) {
        List<QualifiedName> tables = tables().stream().map(TableModel::name).toList();
        return new Partitions(tables, leaves().stream().map(TableModel::name).toList(), searched);
    }
}
