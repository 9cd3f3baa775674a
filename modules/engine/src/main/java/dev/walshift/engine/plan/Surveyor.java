package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.AlterProbe.RejectedException;
import dev.walshift.engine.plan.MigrationPlan.Size;
import dev.walshift.engine.plan.Survey.Change;
import dev.walshift.engine.plan.TableChecks.Verdict;
import dev.walshift.engine.plan.dependents.Carried;
import dev.walshift.engine.plan.dependents.ColumnPlaces;
import dev.walshift.engine.plan.dependents.Inventory;
import dev.walshift.engine.plan.dependents.Subject;
import dev.walshift.engine.table.Dependents;
import dev.walshift.engine.table.Namesakes;
import dev.walshift.engine.table.RowMapping;
import dev.walshift.engine.table.TableRef;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Looks at server, table and ALTER inside one transaction, and leaves the altered clone in it. */
final class Surveyor {
    /** Our own requests for locks are weak ones, but may queue behind a strong one, and others behind us. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** Runs under the operator's search_path. */
    private static final SqlTemplate FIND =
            SqlTemplate.of("SELECT pg_catalog.to_regclass(?::pg_catalog.text)::pg_catalog.oid::pg_catalog.int8");

    private static final SqlTemplate LOCK = SqlTemplate.of("LOCK TABLE {table} IN ACCESS SHARE MODE");
    private static final SqlTemplate LOOK = SqlTemplate.of("""
        SELECT n.nspname, c.relname, COALESCE(pg_relation_filenode(c.oid), 0) AS filenode,
               size.heap, size.indexes, size.largest, size.estimate
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
         CROSS JOIN LATERAL (
               SELECT sum(pg_table_size(h.oid)) AS heap, sum(pg_indexes_size(h.oid)) AS indexes,
                      max((SELECT max(pg_relation_size(i.indexrelid)) FROM pg_index i WHERE i.indrelid = h.oid)) AS largest,
                      sum(GREATEST(h.reltuples, 0))::bigint AS estimate
                 FROM pg_class h
                WHERE (h.oid = c.oid AND h.relkind <> 'p') OR h.oid IN (SELECT t.relid FROM pg_partition_tree(c.oid) t WHERE t.isleaf)
               ) AS size
         WHERE c.oid = ?::oid
        """);
    private static final SqlText SAVEPOINT = new SqlText("SAVEPOINT walshift_probe");
    private static final SqlText ROLLBACK = new SqlText("ROLLBACK TO SAVEPOINT walshift_probe");
    private static final SqlText RELEASE = new SqlText("RELEASE SAVEPOINT walshift_probe");

    private final Session session;
    private final AlterRequest request;
    private final AlterStatement statement;
    private final Optional<TargetFile> target;
    private final Findings findings = new Findings();
    private final List<String> changes = new ArrayList<>();
    private Strategy strategy = Strategy.SHADOW;

    Surveyor(Session session, AlterRequest request) {
        this.session = session;
        this.request = request;
        this.statement = AlterStatement.parse(request);
        this.target = request.targetDdl().map(TargetFile::parse);
    }

    /** What is done to have a schema for the clone. */
    interface SchemaMaker {
        Identifier make(Session session) throws SQLException;
    }

    /**
     * Looks.
     *
     * @throws SQLException LOCK_NOT_AVAILABLE if the table is locked
     */
    Survey survey(SchemaMaker schema) throws SQLException {
        Settings settings = Settings.of(session);
        statement.problems().forEach(findings::problem);
        target.ifPresent(this::judge);
        settings.asOperator(session);
        Optional<Long> oid = statement.table().isEmpty() ? Optional.empty() : find();
        settings.pin(session, PATIENCE);
        boolean writable = new ServerChecks(session, findings).check();
        EventTriggers eventTriggers = EventTriggers.read(session);
        eventTriggers.notices().forEach(findings::shadowNotice);
        if (oid.isEmpty()) {
            return missing();
        }
        Optional<Look> found = session.queryFirst(LOOK, row -> look(row, oid.orElseThrow()), oid.orElseThrow());
        if (found.isEmpty()) {
            return missing();
        }
        Look look = found.get();
        Namesakes namesakes = Namesakes.of(session, oid.orElseThrow());
        Verdict verdict = new TableChecks(session, findings).check(oid.orElseThrow());
        boolean statistics = new StatisticsChecks(session, findings, target.isEmpty()).check(oid.orElseThrow());
        Optional<Change> change = Optional.empty();
        if (writable
                && verdict.plain()
                && verdict.ours()
                && statistics
                && statement.problems().isEmpty()
                && target.stream().allMatch(file -> file.problems().isEmpty())) {
            change = probe(settings, look.table, schema, eventTriggers);
        }
        Dependents dependents = verdict.plain() ? dependents(look.table, change) : Dependents.NONE;
        settings.restore(session);
        return new Survey(
                look.table,
                describe(look.table.name()),
                look.size,
                strategy,
                changes,
                findings,
                dependents,
                namesakes,
                change);
    }

    private void judge(TargetFile file) {
        file.problems().forEach(findings::problem);
        if (!request.clauses().isEmpty() || !request.columnOrder().isEmpty()) {
            findings.problem(
                    ProblemCode.WRONG_STATEMENT,
                    "the new table's own DDL says all that there is to change, and more is asked for",
                    "Give either the new table's DDL, or clauses of ALTER TABLE and an order of columns");
        }
    }

    private Dependents dependents(TableRef table, Optional<Change> change) throws SQLException {
        Optional<AlteredClone> clone = change.map(Change::altered);
        Map<Identifier, Identifier> columns = new HashMap<>();
        Set<Identifier> dropped = new HashSet<>();
        for (Column column : clone.map(altered -> altered.source().columns()).orElse(List.of())) {
            clone.orElseThrow()
                    .targetOf(column.name())
                    .ifPresentOrElse(
                            target -> columns.put(column.name(), target.name()), () -> dropped.add(column.name()));
        }
        Subject subject = new Subject(
                table.oid(),
                table.name(),
                clone.map(altered -> altered.after().name()),
                clone.stream()
                        .flatMap(altered -> altered.tree().tables().stream())
                        .map(partition -> partition.name().in(table.name().schema()))
                        .toList(),
                target.isEmpty()
                        && clone.filter(it -> it.sourceTree().isPartitioned()).isEmpty(),
                clone.map(AlteredClone::foreignKeys),
                columns,
                dropped,
                schema -> new TableWriter(session, clone.orElseThrow().source(), schema).create(),
                request.consents());
        if (target.isEmpty()) {
            ColumnPlaces.ofParts(session, subject).forEach(findings::shadowProblem);
        }
        Carried carried = Inventory.of(session, subject);
        carried.problems().forEach(findings::shadowProblem);
        carried.notices().forEach(findings::shadowNotice);
        return carried.dependents();
    }

    private Optional<Long> find() throws SQLException {
        return session.queryOne(FIND, row -> Optional.ofNullable(row.getObject(1, Long.class)), statement.tableName());
    }

    private Survey missing() {
        String schema = statement.table().size() > 1
                ? statement.table().get(statement.table().size() - 2).name()
                : "public";
        String name =
                statement.table().isEmpty() ? "?" : statement.table().getLast().name();
        QualifiedName table = QualifiedName.of(schema, name);
        if (!statement.table().isEmpty()) {
            findings.problem(
                    ProblemCode.TABLE_NOT_FOUND,
                    "there is no table %s".formatted(statement.tableName()),
                    "Check the name, its quotes and the role's search_path");
        }
        return new Survey(
                new TableRef(0, table, 0),
                describe(table),
                Size.NONE,
                strategy,
                changes,
                findings,
                Dependents.NONE,
                Namesakes.NONE,
                Optional.empty());
    }

    /** The order of columns is part of what is asked for, although no statement can say it. */
    private String describe(QualifiedName table) {
        if (request.targetDdl().isPresent()) {
            return request.targetDdl().get().strip();
        }
        return request.columnOrder().isEmpty()
                ? statement.sql(table)
                : "%s\n/* columns in the order %s */"
                        .formatted(
                                statement.sql(table),
                                SqlText.list(request.columnOrder()).sql().replace("*/", "* /"));
    }

    private record Look(TableRef table, Size size) {}

    private static Look look(ResultSet row, long oid) throws SQLException {
        return new Look(
                new TableRef(
                        oid,
                        QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                        row.getLong("filenode")),
                new Size(row.getLong("heap"), row.getLong("indexes"), row.getLong("largest"), row.getLong("estimate")));
    }

    private Optional<Change> probe(Settings settings, TableRef table, SchemaMaker schema, EventTriggers eventTriggers)
            throws SQLException {
        try {
            session.execute(SAVEPOINT);
            session.execute(LOCK.with("table", table.name()));
            TableModel source = new CatalogReader(session, table.oid()).read().alone();
            PartitionTree tree = PartitionTree.of(session, table.oid());
            if (tree.isPartitioned()
                    && !new PartitionChecks(session, source, tree, findings).check(request, statement)) {
                return Optional.empty();
            }
            if (!new StatementChecks(session, source, findings).check(statement)) {
                return Optional.empty();
            }
            Identifier probeSchema = schema.make(session);
            AlteredClone clone = target.isPresent()
                    ? new TargetProbe(session, settings, source, probeSchema, request.using())
                            .run(target.get(), findings)
                    : new AlterProbe(session, settings, source, tree, probeSchema, eventTriggers)
                            .run(statement, findings);
            Optional<Change> change = Optional.of(judge(clone));
            session.execute(RELEASE);
            return change;
        } catch (RejectedException e) {
            session.execute(ROLLBACK);
            findings.problem(e.problem());
            return Optional.empty();
        } catch (SQLException e) {
            Optional<Problem> objection = eventTriggers.problem(e);
            if (objection.isPresent() && !SqlStates.isPassing(e)) {
                session.execute(ROLLBACK);
                findings.problem(objection.get());
                return Optional.empty();
            }
            if (SqlStates.is(e, SqlStates.INSUFFICIENT_PRIVILEGE)) {
                session.execute(ROLLBACK);
                findings.problem(
                        ProblemCode.MISSING_PRIVILEGE,
                        "a clone of table %s can't be made: %s".formatted(table.name(), e.getMessage()),
                        "Grant what is missing, or run as the table's owner");
                return Optional.empty();
            }
            throw e;
        }
    }

    private Change judge(AlteredClone clone) throws SQLException {
        new CloneChecks(session, clone, findings).check();
        if (target.isPresent()) {
            new TargetChecks(session, clone, findings).check();
        }
        changes.addAll(new ChangeReport(clone).lines());
        ColumnOrder order = new ColumnOrder(session, clone, request.columnOrder());
        boolean rebuild = request.rebuild() || statement.steps().isEmpty() || order.isAsked();
        strategy = rebuild ? Strategy.SHADOW : StrategyChooser.choose(clone);
        if (strategy == Strategy.IN_PLACE && clone.sourceTree().isPartitioned()) {
            findings.problem(
                    ProblemCode.UNSUPPORTED_CHANGE,
                    "the change needs the catalog only, and this release makes such a change in place on plain tables"
                            + " only",
                    "Run it yourself under a short lock_timeout (it locks the table and all its partitions), or let the"
                            + " table be written anew: --rebuild");
        }
        RowMapping mapping;
        Optional<KeyChoice> key;
        try (SourceColumns columns = SourceColumns.create(
                session, clone.source().name(), clone.after().name().schema())) {
            mapping = new MappingBuilder(clone, columns.expressions(), findings).build();
            key = new KeyChooser(clone, columns.expressions(), findings).choose();
        }
        if (key.isPresent()) {
            new PublishedHeaps(session, findings)
                    .check(new SourceHeaps(clone, key.get().source()).tree());
        }
        long shadow = clone.after().relation().oid();
        if (order.isAsked() && order.isComplete(findings)) {
            shadow = order.apply();
            changes.add("columns in the order " + request.columnOrder());
        }
        return new Change(clone, shadow, mapping, key);
    }
}
