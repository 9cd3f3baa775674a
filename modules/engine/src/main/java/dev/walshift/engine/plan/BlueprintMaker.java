package dev.walshift.engine.plan;

import dev.walshift.engine.plan.Survey.Change;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.Blueprint.HomedStatistics;
import dev.walshift.engine.table.Blueprint.StatisticsNames;
import dev.walshift.engine.table.CatalogFingerprint;
import dev.walshift.engine.table.Dependents;
import dev.walshift.engine.table.IndexDefinition;
import dev.walshift.engine.table.MappedColumn;
import dev.walshift.engine.table.Namesakes;
import dev.walshift.engine.table.TableRef;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Makes the altered clone the shadow: takes its indexes away, to be built after the copy, and writes down the rest. */
final class BlueprintMaker {
    private static final SqlTemplate DROP_CONSTRAINT = SqlTemplate.of("ALTER TABLE {table} DROP CONSTRAINT {name}");
    private static final SqlTemplate DROP_INDEX = SqlTemplate.of("DROP INDEX {index}");
    private static final SqlTemplate SET = SqlTemplate.of("ALTER TABLE {table} SET ({options})");
    private static final SqlTemplate RESET = SqlTemplate.of("ALTER TABLE {table} RESET ({options})");
    /** Over the source like what hangs on it, so that what the mapping calls is known with all else. */
    private static final SqlTemplate MAPPING =
            SqlTemplate.of("CREATE VIEW {schema}.walshift_mapping AS SELECT ROW({values}) IS NULL FROM {source}");

    private static final String AUTOVACUUM = "autovacuum_enabled";

    private final Session session;
    private final TableRef source;
    private final Change change;
    private final KeyChoice key;
    private final QualifiedName shadow;
    private final Dependents dependents;

    /** @param change one that has a key */
    BlueprintMaker(Session session, TableRef source, Change change, Dependents dependents) {
        this.session = session;
        this.source = source;
        this.change = change;
        this.key = change.key().orElseThrow();
        this.shadow = change.altered().after().name();
        this.dependents = dependents;
    }

    Blueprint make(ShadowNames names) throws SQLException {
        AlteredClone clone = change.altered();
        PartitionTree tree = clone.tree();
        List<TableModel> tables = new ArrayList<>(List.of(new CatalogReader(session, change.shadowOid()).read()));
        tables.addAll(tree.tables());
        List<TableModel> heaps = tree.isPartitioned() ? tree.leaves() : tables;
        List<TableIndex> indexes = inOrder(tables);
        strip(indexes);
        List<SqlText> atSwap = new ArrayList<>();
        for (TableModel heap : heaps) {
            stopAutovacuum(heap);
            atSwap.addAll(autovacuumAsBefore(heap));
        }
        SequenceHandover sequences = new SequenceHandover(clone);
        for (TableModel table : tables) {
            atSwap.addAll(leaveForTheSwap(table));
        }
        return new Blueprint(
                source,
                new SourceHeaps(clone, key.source()).tree(),
                shadow,
                tree.names(searched(clone)),
                names.retiredSchema(),
                names.keyLog(),
                key.key(),
                change.mapping(),
                indexes.stream().map(this::definition).toList(),
                indexes.stream()
                        .flatMap(it -> new IndexFinishing(it.table(), it.index()).statements().stream())
                        .toList(),
                atSwap,
                dependents,
                sequences.sequences(),
                statistics(tables),
                CatalogFingerprint.of(session, source.oid(), sequences.sequences()),
                namesakes());
    }

    private Namesakes namesakes() throws SQLException {
        return session.tryOut(transaction -> {
            transaction.execute(MAPPING.with("schema", shadow.schema())
                    .with(
                            "values",
                            SqlText.list(change.mapping().columns().stream()
                                    .map(MappedColumn::expression)
                                    .toList()))
                    .with("source", source.name()));
            return Namesakes.of(transaction, source.oid());
        });
    }

    /** An index and whose it is: the shadow's, or that of a table below it. */
    private record TableIndex(TableModel model, Index index) {
        QualifiedName table() {
            return model.name();
        }

        /** The next older one that a foreign key to the same columns could rest on as well. */
        Optional<Index> elderTwin() {
            return model.indexes().stream()
                    .filter(other -> other.oid() < index.oid() && other.isTwinOf(index))
                    .max(Comparator.comparingLong(Index::oid));
        }
    }

    private List<TableIndex> inOrder(List<TableModel> tables) {
        return tables.stream()
                .flatMap(table -> table.indexes().stream().map(index -> new TableIndex(table, index)))
                .sorted(Comparator.comparing((TableIndex it) ->
                        !it.index().name().equals(key.target().name())))
                .toList();
    }

    private IndexDefinition definition(TableIndex it) {
        Index index = it.index();
        return new IndexDefinition(
                index.name(),
                index.create(it.table()),
                index.addConstraint(it.table()),
                index.tablespace(),
                it.elderTwin().map(Index::name));
    }

    /** What is a part of a partitioned table's index goes with that. */
    private void strip(List<TableIndex> indexes) throws SQLException {
        for (TableIndex it : indexes) {
            Index index = it.index();
            if (index.marks().parent().isPresent()) {
                continue;
            }
            SqlPart drop = index.constraint().isPresent()
                    ? DROP_CONSTRAINT.with("table", it.table()).with("name", index.name())
                    : DROP_INDEX.with("index", new QualifiedName(shadow.schema(), index.name()));
            session.execute(drop);
        }
    }

    /** Constraints for new rows only: in the swap NOT VALID spares the server from looking at the rows. */
    private List<SqlText> leaveForTheSwap(TableModel table) throws SQLException {
        QualifiedName swapped = table.name().in(source.name().schema());
        List<SqlText> statements = new ArrayList<>();
        for (Constraint constraint : table.constraints()) {
            if (constraint.isForNewRowsOnly()) {
                session.execute(DROP_CONSTRAINT.with("table", table.name()).with("name", constraint.name()));
                statements.add(constraint.addTo(swapped));
                CommentWriter.ofConstraint(swapped, constraint)
                        .ifPresent(comment -> statements.add(new SqlText(comment.sql())));
            }
        }
        return statements;
    }

    /** Columns of the partition key by which a row is found: null would find none, and what can't be computed again the wrong one. */
    private List<Identifier> searched(AlteredClone clone) {
        List<Identifier> repeatable =
                change.mapping().repeatable().stream().map(MappedColumn::target).toList();
        return clone.tree().keyColumns().stream()
                .filter(name -> clone.after().column(name).orElseThrow().notNull() && repeatable.contains(name))
                .toList();
    }

    /** It would scan the shadow while it is filled, and hold off the swap. */
    private void stopAutovacuum(TableModel heap) throws SQLException {
        SqlText off = new SqlText("autovacuum_enabled = false, toast.autovacuum_enabled = false");
        session.execute(SET.with("table", heap.name()).with("options", off));
    }

    private List<SqlText> autovacuumAsBefore(TableModel heap) {
        return List.of(
                restore(heap, "", heap.relation().options()),
                restore(heap, "toast.", heap.relation().toastOptions()));
    }

    /** With all of them: the server appends what it is told to set, and pg_dump shows the order. */
    private SqlText restore(TableModel heap, String prefix, List<String> options) {
        boolean chosen = options.stream().map(Options::name).anyMatch(AUTOVACUUM::equals);
        SqlTemplate statement = chosen
                ? SET.with("options", Options.list(prefix, options))
                : RESET.with("options", new SqlText(prefix + AUTOVACUUM));
        return new SqlText(
                statement.with("table", heap.name().in(source.name().schema())).sql());
    }

    private StatisticsNames statistics(List<TableModel> tables) {
        AlteredClone clone = change.altered();
        return new StatisticsNames(
                clone.sourceTables().stream()
                        .flatMap(table -> table.statistics().stream())
                        .map(Statistics::name)
                        .toList(),
                tables.stream()
                        .flatMap(table -> table.statistics().stream())
                        .map(it -> new HomedStatistics(it.name(), clone.homeOf(it)))
                        .toList());
    }
}
