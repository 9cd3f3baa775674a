package dev.walshift.engine.plan;

import dev.walshift.engine.table.ReplicaIdentity;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Creates an empty table after a {@link TableModel}, as pg_dump would. CREATE TABLE ... LIKE is not used: it leaves out half of
 * what a table has, gives indexes, statistics and sequences names of its own, and can't reorder columns.
 */
final class TableWriter {
    private static final SqlTemplate CREATE =
            SqlTemplate.of("CREATE TABLE {table} ({elements}){way}{options}{tablespace}");
    private static final SqlText PLAIN = new SqlText(" USING heap");
    private static final SqlTemplate PARTITIONED = SqlTemplate.of(" PARTITION BY {key}");
    private static final SqlTemplate ALTER = SqlTemplate.of("ALTER TABLE {table} {actions}");
    private static final SqlTemplate NAMED_CONSTRAINT = SqlTemplate.of("CONSTRAINT {name} {definition}");
    private static final SqlTemplate CREATE_STATISTICS =
            SqlTemplate.of("CREATE STATISTICS {name}{definition} FROM {table}");
    private static final SqlTemplate STATISTICS_TARGET =
            SqlTemplate.of("ALTER STATISTICS {name} SET STATISTICS {target}");
    private static final SqlTemplate OID = SqlTemplate.of("""
        SELECT c.oid::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ? AND c.relname = ?
        """);

    private final Session session;
    private final TableModel model;
    private final QualifiedName table;

    /** @param schema where to create it, with the sequences and statistics that it has for itself */
    TableWriter(Session session, TableModel model, Identifier schema) {
        this.session = session;
        this.model = model;
        this.table = model.name().in(schema);
    }

    /** Creates it, with all that belongs to it, and returns its oid. */
    long create() throws SQLException {
        createTable(PLAIN);
        return complete();
    }

    /**
     * Creates it without what only makes sense once it is attached to its parent, or has its partitions: then it is {@link #complete}.
     *
     * @param key how it is partitioned, if it is
     */
    void createBare(Optional<String> key) throws SQLException {
        createTable(key.<SqlPart>map(it -> PARTITIONED.with("key", new SqlText(it).escaped()))
                .orElse(PLAIN));
    }

    /** Gives it the rest, and returns its oid. */
    long complete() throws SQLException {
        for (Index index : model.indexes()) {
            if (index.valid()) {
                createIndex(index);
            }
        }
        identify();
        for (Statistics statistics : model.statistics()) {
            createStatistics(statistics.in(table.schema()));
        }
        for (SqlPart comment : new CommentWriter(table, model).statements()) {
            session.execute(comment);
        }
        long oid = session.queryOne(OID, row -> row.getLong(1), table.schema(), table.name());
        new OwnershipWriter(session, model, table).apply();
        return oid;
    }

    private void createTable(SqlPart way) throws SQLException {
        List<SqlPart> elements = new ArrayList<>();
        for (Column column : model.columns()) {
            Optional<ColumnSequence> sequence = model.identityOf(column.name()).map(it -> it.in(table.schema()));
            elements.add(column.definition(sequence, !model.namesNotNull()));
        }
        for (Constraint constraint : model.constraints()) {
            if (constraint.kind() == Constraint.Kind.NOT_NULL && constraint.validated()) {
                elements.add(
                        NAMED_CONSTRAINT.with("name", constraint.name()).with("definition", constraint.definition()));
            }
        }
        session.execute(CREATE.with("table", table)
                .with("elements", SqlText.list(elements))
                .with("way", way)
                .with("options", options())
                .with("tablespace", tablespace()));
        tuneColumns();
        addLateConstraints();
    }

    private SqlPart options() {
        List<SqlPart> options = new ArrayList<>();
        model.relation().options().forEach(option -> options.add(Options.one("", option)));
        model.relation().toastOptions().forEach(option -> options.add(Options.one("toast.", option)));
        return options.isEmpty()
                ? new SqlText("")
                : SqlTemplate.of(" WITH ({list})").with("list", SqlText.list(options));
    }

    private SqlPart tablespace() {
        return model.relation()
                .tablespace()
                .<SqlPart>map(name -> SqlTemplate.of(" TABLESPACE {name}").with("name", name))
                .orElse(new SqlText(""));
    }

    private void tuneColumns() throws SQLException {
        List<SqlPart> actions = new ArrayList<>();
        model.columns().forEach(column -> actions.addAll(column.tune()));
        if (!actions.isEmpty()) {
            session.execute(ALTER.with("table", table).with("actions", SqlText.list(actions)));
        }
    }

    /** CREATE TABLE would take NOT VALID for true, as the table is empty. */
    private void addLateConstraints() throws SQLException {
        for (Constraint constraint : model.constraints()) {
            if (constraint.kind() == Constraint.Kind.CHECK || !constraint.validated()) {
                session.execute(constraint.addTo(table));
            }
        }
    }

    private void createIndex(Index index) throws SQLException {
        Settings.defaultTablespace(session, index.tablespace());
        Optional<SqlText> create = index.create(table);
        if (create.isPresent()) {
            session.execute(create.orElseThrow());
        }
        Optional<SqlText> constraint = index.addConstraint(table);
        if (constraint.isPresent()) {
            session.execute(constraint.orElseThrow());
        }
        Settings.defaultTablespace(session, Optional.empty());
        for (SqlText statement : new IndexFinishing(table, index).statements()) {
            session.execute(statement);
        }
    }

    private void identify() throws SQLException {
        ReplicaIdentity identity = model.relation().replicaIdentity();
        if (identity.kind() == ReplicaIdentity.Kind.FULL || identity.kind() == ReplicaIdentity.Kind.NOTHING) {
            session.execute(ALTER.with("table", table)
                    .with(
                            "actions",
                            SqlTemplate.of("REPLICA IDENTITY {identity}").with("identity", identity.clause())));
        }
    }

    private void createStatistics(Statistics statistics) throws SQLException {
        session.execute(CREATE_STATISTICS
                .with("name", statistics.name())
                .with("definition", statistics.definition())
                .with("table", table));
        if (statistics.target().isPresent()) {
            session.execute(STATISTICS_TARGET
                    .with("name", statistics.name())
                    .with(
                            "target",
                            new SqlText(statistics.target().orElseThrow().toString())));
        }
    }
}
