package dev.walshift.engine.rules;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.Dependents;
import dev.walshift.engine.table.IdentityKey;
import dev.walshift.engine.table.IndexDefinition;
import dev.walshift.engine.table.KeyColumn;
import dev.walshift.engine.table.MappedColumn;
import dev.walshift.engine.table.Namesakes;
import dev.walshift.engine.table.Partitions;
import dev.walshift.engine.table.ReplicaIdentity;
import dev.walshift.engine.table.RowMapping;
import dev.walshift.engine.table.SourceHeap;
import dev.walshift.engine.table.SourceTree;
import dev.walshift.engine.table.TableRef;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** The plan for a shadow that is like its source, made without the planner, so that a rule's test depends on the rule alone. */
public final class HandMadeBlueprint {
    private static final SqlTemplate COLUMNS = SqlTemplate.of("""
        SELECT a.attname, format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %I.%I', n.nspname, l.collname) ELSE '' END
          FROM pg_attribute a
          JOIN pg_type t ON t.oid = a.atttypid
          LEFT JOIN pg_collation l ON l.oid = a.attcollation
          LEFT JOIN pg_namespace n ON n.oid = l.collnamespace
         WHERE a.attrelid = {table}::regclass AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum
        """);
    private static final SqlTemplate TABLE =
            SqlTemplate.of("SELECT {table}::regclass::oid::bigint, pg_relation_filenode({table}::regclass)::bigint");
    private static final SqlTemplate CREATE_INDEX =
            SqlTemplate.of("CREATE UNIQUE INDEX {name} ON {shadow} ({columns})");

    private static final SqlTemplate CREATE_SCHEMA = SqlTemplate.of("CREATE SCHEMA {schema}");
    private static final SqlTemplate DROP_SCHEMA = SqlTemplate.of("DROP SCHEMA IF EXISTS {schema} CASCADE");
    private static final SqlTemplate CREATE_SHADOW =
            SqlTemplate.of("CREATE TABLE {shadow} (LIKE {source}) WITH (autovacuum_enabled = false)");

    private HandMadeBlueprint() {}

    private record Column(Identifier name, SqlText type, SqlText typeWithCollation) {}

    /**
     * The blueprint of a table that keeps its columns.
     *
     * @param key columns of a unique index of the source
     */
    public static Blueprint of(Session session, QualifiedName source, List<Identifier> key, long migration)
            throws SQLException {
        SqlText name = SqlText.literal(source.sql());
        List<Column> columns = session.query(
                COLUMNS.with("table", name),
                row -> new Column(
                        new Identifier(row.getString(1)),
                        new SqlText(row.getString(2)),
                        new SqlText(row.getString(2) + row.getString(3))));
        TableRef table = session.queryOne(
                TABLE.with("table", name), row -> new TableRef(row.getLong(1), source, row.getLong(2)));
        QualifiedName shadow = source.in(new Identifier("walshift_%d".formatted(migration)));
        Identifier index = new Identifier("Key \"of\" the shadow");
        return new Blueprint(
                table,
                SourceTree.of(new SourceHeap(
                        table, new ReplicaIdentity(ReplicaIdentity.Kind.DEFAULT, Optional.empty()), Optional.empty())),
                shadow,
                Partitions.NONE,
                new Identifier("walshift_%d_retired".formatted(migration)),
                QualifiedName.of("walshift_%d_log".formatted(migration), "keys_1"),
                new IdentityKey(
                        key.stream().map(part -> keyColumn(part, columns)).toList()),
                new RowMapping(columns.stream().map(HandMadeBlueprint::mapped).toList()),
                List.of(new IndexDefinition(
                        index,
                        Optional.of(new SqlText(CREATE_INDEX
                                .with("name", index)
                                .with("shadow", shadow)
                                .with("columns", SqlText.list(key))
                                .sql())),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty())),
                List.of(),
                List.of(),
                Dependents.NONE,
                List.of(),
                new Blueprint.StatisticsNames(List.of(), List.of()),
                "not looked at",
                Namesakes.NONE);
    }

    /** Creates the schemas and the shadow, without its index. */
    static void createShadow(Session session, Blueprint blueprint) throws SQLException {
        for (Identifier schema : schemas(blueprint)) {
            session.execute(CREATE_SCHEMA.with("schema", schema));
        }
        session.execute(CREATE_SHADOW
                .with("shadow", blueprint.shadow())
                .with("source", blueprint.source().name()));
    }

    /** Drops the schemas and what is in them. */
    static void dropShadow(Session session, Blueprint blueprint) throws SQLException {
        for (Identifier schema : schemas(blueprint)) {
            session.execute(DROP_SCHEMA.with("schema", schema));
        }
    }

    private static List<Identifier> schemas(Blueprint blueprint) {
        return List.of(
                blueprint.shadow().schema(),
                blueprint.retiredSchema(),
                blueprint.keyLog().schema());
    }

    private static KeyColumn keyColumn(Identifier name, List<Column> columns) {
        Column column =
                columns.stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
        return new KeyColumn(name, column.typeWithCollation(), name, new SqlText(name.sql()));
    }

    private static MappedColumn mapped(Column column) {
        return new MappedColumn(
                column.name(), column.type(), new SqlText(column.name().sql()), true);
    }
}
