package dev.walshift.engine.plan;

import dev.walshift.engine.plan.Survey.Change;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.Blueprint.StatisticsNames;
import dev.walshift.engine.table.CatalogFingerprint;
import dev.walshift.engine.table.Dependents;
import dev.walshift.engine.table.IndexDefinition;
import dev.walshift.engine.table.TableRef;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Makes the altered clone the shadow: takes its indexes away, to be built after the copy, and writes down the rest. */
final class BlueprintMaker {
    private static final SqlTemplate DROP_CONSTRAINT = SqlTemplate.of("ALTER TABLE {table} DROP CONSTRAINT {name}");
    private static final SqlTemplate ADD_CONSTRAINT =
            SqlTemplate.of("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}");
    private static final SqlTemplate DROP_INDEX = SqlTemplate.of("DROP INDEX {index}");
    private static final SqlTemplate SET = SqlTemplate.of("ALTER TABLE {table} SET ({options})");
    private static final SqlTemplate RESET = SqlTemplate.of("ALTER TABLE {table} RESET ({options})");
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
        TableModel model = new CatalogReader(session, change.shadowOid()).read();
        List<Index> indexes = inOrder(model.indexes());
        strip(indexes);
        List<Constraint> forNewRows = model.constraints().stream()
                .filter(Constraint::isForNewRowsOnly)
                .toList();
        stripConstraints(forNewRows);
        stopAutovacuum();
        AlteredClone clone = change.altered();
        SequenceHandover sequences = new SequenceHandover(clone);
        List<SqlText> atSwap = new ArrayList<>(autovacuumAsBefore(model));
        atSwap.addAll(addAgain(forNewRows));
        return new Blueprint(
                source,
                shadow,
                names.retiredSchema(),
                names.keyLog(),
                key.key(),
                change.mapping(),
                indexes.stream().map(this::definition).toList(),
                indexes.stream()
                        .flatMap(index -> new IndexFinishing(shadow, index).statements().stream())
                        .toList(),
                atSwap,
                dependents,
                sequences.sequences(),
                new StatisticsNames(names(clone.source()), names(model)),
                clone.source().relation().replicaIdentity(),
                key.replicaIdentityIndex(),
                CatalogFingerprint.of(session, source.oid()));
    }

    private List<Index> inOrder(List<Index> indexes) {
        return indexes.stream()
                .sorted(Comparator.comparing(
                        (Index index) -> !index.name().equals(key.target().name())))
                .toList();
    }

    private IndexDefinition definition(Index index) {
        return new IndexDefinition(index.name(), index.create(shadow), index.addConstraint(shadow), index.tablespace());
    }

    private void strip(List<Index> indexes) throws SQLException {
        for (Index index : indexes) {
            SqlPart drop = index.constraint().isPresent()
                    ? DROP_CONSTRAINT.with("table", shadow).with("name", index.name())
                    : DROP_INDEX.with("index", new QualifiedName(shadow.schema(), index.name()));
            session.execute(drop);
        }
    }

    private void stripConstraints(List<Constraint> constraints) throws SQLException {
        for (Constraint constraint : constraints) {
            session.execute(DROP_CONSTRAINT.with("table", shadow).with("name", constraint.name()));
        }
    }

    /** In the swap, where NOT VALID spares the server from looking at the rows. */
    private List<SqlText> addAgain(List<Constraint> constraints) {
        List<SqlText> statements = new ArrayList<>();
        for (Constraint constraint : constraints) {
            statements.add(new SqlText(ADD_CONSTRAINT
                    .with("table", source.name())
                    .with("name", constraint.name())
                    .with("definition", constraint.definition())
                    .sql()));
            CommentWriter.ofConstraint(source.name(), constraint)
                    .ifPresent(comment -> statements.add(new SqlText(comment.sql())));
        }
        return statements;
    }

    /** It would scan the shadow while it is filled, and hold off the swap. */
    private void stopAutovacuum() throws SQLException {
        SqlText off = new SqlText("autovacuum_enabled = false, toast.autovacuum_enabled = false");
        session.execute(SET.with("table", shadow).with("options", off));
    }

    private List<SqlText> autovacuumAsBefore(TableModel model) {
        return List.of(
                restore("", model.relation().options()),
                restore("toast.", model.relation().toastOptions()));
    }

    /** With all of them: the server appends what it is told to set, and pg_dump shows the order. */
    private SqlText restore(String prefix, List<String> options) {
        boolean chosen = options.stream().map(Options::name).anyMatch(AUTOVACUUM::equals);
        SqlTemplate statement = chosen
                ? SET.with("options", Options.list(prefix, options))
                : RESET.with("options", new SqlText(prefix + AUTOVACUUM));
        return new SqlText(statement.with("table", source.name()).sql());
    }

    private static List<QualifiedName> names(TableModel table) {
        return table.statistics().stream().map(Statistics::name).toList();
    }
}
