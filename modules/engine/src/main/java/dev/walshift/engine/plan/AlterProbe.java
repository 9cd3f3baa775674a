package dev.walshift.engine.plan;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.AlterAction.TypeChange;
import dev.walshift.engine.plan.AlterAction.Using;
import dev.walshift.engine.plan.dependents.LostOperators;
import dev.walshift.engine.plan.dependents.StandIns;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.ServerMessage;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Runs the operator's ALTER on an empty clone of the table, so that the server itself tells what it does. */
final class AlterProbe {
    /** The server, or we, can't make the operator's change; the transaction is aborted if it was the server. */
    static final class RejectedException extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient Problem problem;

        RejectedException(Problem problem) {
            super(problem.message());
            this.problem = problem;
        }

        Problem problem() {
            return problem;
        }
    }

    private final Session session;
    private final Settings settings;
    private final TableModel source;
    private final PartitionTree sourceTree;
    private final QualifiedName clone;
    private final EventTriggers eventTriggers;
    private final Map<Integer, Using> written = new HashMap<>();
    private final Map<Integer, Expression> using = new HashMap<>();
    private final Set<Integer> changed = new HashSet<>();

    /** @param schema where the clone is created */
    AlterProbe(
            Session session,
            Settings settings,
            TableModel source,
            PartitionTree sourceTree,
            Identifier schema,
            EventTriggers eventTriggers) {
        this.session = session;
        this.settings = settings;
        this.source = source;
        this.sourceTree = sourceTree;
        this.clone = source.name().in(schema);
        this.eventTriggers = eventTriggers;
    }

    /**
     * Creates the clone and alters it.
     *
     * @param findings told what the clone does not have as the table has it
     * @throws RejectedException if the ALTER can't be made
     */
    AlteredClone run(AlterStatement statement, Findings findings) throws SQLException, RejectedException {
        long oid = new TreeWriter(session, source, sourceTree, clone.schema()).create();
        LostOperators.ofParts(session, source.relation().oid(), oid).forEach(findings::shadowProblem);
        StandIns standIns = StandIns.make(session, source.relation().oid(), clone);
        CatalogReader reader = new CatalogReader(session, oid);
        TableModel before = reader.read();
        PartitionTree beforeTree = PartitionTree.of(session, oid);
        TableModel present = before;
        for (List<AlterAction> step : statement.steps()) {
            readUsing(step, before, present);
            alter(step, standIns);
            present = reader.read();
        }
        PartitionTree tree = PartitionTree.of(session, oid);
        return new AlteredClone(source, sourceTree, before, beforeTree, present, tree, standIns.take(), written, using);
    }

    private void readUsing(List<AlterAction> step, TableModel before, TableModel present)
            throws SQLException, RejectedException {
        ExpressionProbe probe = new ExpressionProbe(session, clone);
        Set<Integer> changedHere = new HashSet<>();
        for (AlterAction action : step) {
            Optional<Column> column =
                    action.typeChange().map(TypeChange::column).flatMap(present::column);
            if (column.isEmpty()) {
                continue;
            }
            int number = column.orElseThrow().number();
            changedHere.add(number);
            if (changed.contains(number)) {
                throw rejected(action, "the column's type is changed twice", "Change the type once, before any RENAME");
            }
            Optional<Using> expression = action.typeChange().flatMap(TypeChange::using);
            if (expression.isPresent()) {
                Using text = expression.orElseThrow();
                written.put(number, text);
                // If it can't be read, the ALTER itself most likely fails, and says why in the operator's own terms.
                Optional<Expression> read = probe.readOperators(settings, text.sql(), sourceNames(before, present));
                if (read.isPresent()) {
                    checkColumns(action, read.orElseThrow(), before);
                    using.put(number, read.orElseThrow());
                }
            }
        }
        changed.addAll(changedHere);
    }

    /** The rows are made from the source's, so only the source's columns as they are can be used. */
    private void checkColumns(AlterAction action, Expression expression, TableModel before) throws RejectedException {
        for (int number : expression.columns()) {
            if (number <= 0) {
                throw rejected(
                        action,
                        "the USING expression refers to the whole row or to a system column",
                        "Name the columns it needs");
            }
            if (!before.columnsByNumber().containsKey(number) || changed.contains(number)) {
                throw rejected(
                        action,
                        "the USING expression refers to a column that an earlier action adds or changes",
                        "Refer to the columns as they are in the table now, before any RENAME");
            }
        }
    }

    private static RejectedException rejected(AlterAction action, String reason, String remedy) {
        return new RejectedException(
                new Problem(ProblemCode.UNSUPPORTED_CHANGE, "%s: %s".formatted(action.sql(), reason), remedy));
    }

    /** The source's names by present name, for the columns that an earlier RENAME changed. */
    private Map<Identifier, Identifier> sourceNames(TableModel before, TableModel present) {
        Map<Integer, Column> original = before.columnsByNumber();
        Map<Identifier, Identifier> names = new LinkedHashMap<>();
        for (Column column : present.columns()) {
            Column was = original.get(column.number());
            if (was == null) {
                // Out of the way of the source's names.
                names.put(column.name(), new Identifier("walshift_new_" + column.number()));
            } else if (!was.name().equals(column.name())) {
                names.put(column.name(), was.name());
            }
        }
        return names;
    }

    private void alter(List<AlterAction> step, StandIns standIns) throws SQLException, RejectedException {
        settings.asOperator(session);
        String head = AlterStatement.head(clone);
        StringBuilder sql = new StringBuilder(head);
        for (AlterAction action : step) {
            sql.append(sql.length() == head.length() ? "" : ", ").append(action.sql());
        }
        try {
            session.execute(new SqlText(sql.toString()));
        } catch (SQLException e) {
            if (SqlStates.isPassing(e)) {
                throw e;
            }
            Optional<Problem> objection = eventTriggers.problem(e);
            if (objection.isPresent()) {
                throw new RejectedException(objection.get());
            }
            throw new RejectedException(explain(e, step, sql.toString(), head.length(), standIns));
        }
        settings.asWalshift(session);
    }

    private Problem explain(
            SQLException failure, List<AlterAction> step, String sql, int headLength, StandIns standIns) {
        ServerMessage server = ServerMessage.of(failure);
        String message = server.text();
        String place = server.position()
                .map(position -> place(step, sql.offsetByCodePoints(0, position - 1), headLength, message))
                .orElse("");
        return new Problem(
                ProblemCode.WRONG_STATEMENT,
                "the server rejects the change: %s (SQLSTATE %s)%s"
                        .formatted(named(server.inOneLine(), standIns), failure.getSQLState(), place),
                server.hint().orElse("Correct the statement; nothing was changed"));
    }

    /** By the names of the tables that clone and stand-ins are made after. */
    private String named(String message, StandIns standIns) {
        return standIns.unmasked(message)
                .replace(clone.schema().name() + '.', source.name().schema().sql() + '.');
    }

    /**
     * Where that is in the operator's own text.
     *
     * @param message what the server says there. The position may also be one in SQL of the server's own, such as that of an index
     *     that it makes anew; it is trusted if the message speaks of the word that stands there
     */
    private static String place(List<AlterAction> step, int position, int headLength, String message) {
        int start = headLength;
        for (AlterAction action : step) {
            int end = start + action.sql().length();
            if (position >= start && position < end) {
                int inAction = position - start;
                return message.contains(wordAt(action.sql(), inAction))
                        ? ", at character %d of: %s".formatted(inAction + 1, action.sql())
                        : "";
            }
            start = end + ", ".length();
        }
        return "";
    }

    private static String wordAt(String sql, int position) {
        int end = position + 1;
        while (end < sql.length()
                && Character.isUnicodeIdentifierPart(sql.charAt(position))
                && Character.isUnicodeIdentifierPart(sql.charAt(end))) {
            end++;
        }
        return sql.substring(position, end);
    }
}
