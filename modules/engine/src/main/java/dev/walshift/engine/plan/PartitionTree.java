package dev.walshift.engine.plan;

import dev.walshift.engine.table.Partitions;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What is below a table that the operator's own DDL made.
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
        SELECT relid::oid::bigint, isleaf FROM pg_partition_tree(?::oid::regclass) WHERE level > 0 ORDER BY level, relid::oid
        """);

    PartitionTree {
        keyColumns = List.copyOf(keyColumns);
        partitions = List.copyOf(partitions);
    }

    /**
     * A table below.
     *
     * @param leaf whether it holds rows; otherwise it is partitioned itself
     */
    record Partition(TableModel table, boolean leaf) {}

    /** @param session with search_path pg_catalog */
    static PartitionTree of(Session session, long table) throws SQLException {
        Optional<String> key = session.queryOne(KEY, row -> Optional.ofNullable(row.getString(1)), table);
        if (key.isEmpty()) {
            return NONE;
        }
        record Below(long oid, boolean leaf) {}
        List<Partition> partitions = new ArrayList<>();
        for (Below below : session.query(BELOW, row -> new Below(row.getLong(1), row.getBoolean(2)), table)) {
            partitions.add(new Partition(new CatalogReader(session, below.oid()).read(), below.leaf()));
        }
        return new PartitionTree(
                key, session.query(KEY_COLUMNS, row -> new Identifier(row.getString(1)), table), partitions);
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

    List<TableModel> tables() {
        return partitions.stream().map(Partition::table).toList();
    }

    /** @param searched columns that a row can be looked for by */
    Partitions names(List<Identifier> searched) {
        List<QualifiedName> tables = tables().stream().map(TableModel::name).toList();
        return new Partitions(tables, leaves().stream().map(TableModel::name).toList(), searched);
    }
}
