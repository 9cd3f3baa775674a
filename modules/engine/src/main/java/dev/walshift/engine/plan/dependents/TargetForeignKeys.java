package dev.walshift.engine.plan.dependents;

import static java.util.stream.Collectors.joining;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.dependents.ForeignKey.Side;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.ServerMessage;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Which of a table's foreign keys the one that the operator's own DDL made can have, by the server's own word. One out of the table goes with a
 * column that the new table does not have, as by DROP COLUMN.
 */
public final class TargetForeignKeys {
    private static final String DROP_FIRST = "or drop the foreign key before the migration";

    private final StandIns standIns;
    private final long source;
    private final boolean partitioned;
    private final Set<Identifier> columns;
    private final int serverMajor;

    /**
     * @param session with search_path pg_catalog
     * @param made the new table, in a schema of our own
     * @param partitioned whether that is partitioned
     * @param columns that it has
     */
    public TargetForeignKeys(
            Session session, long source, QualifiedName made, boolean partitioned, Set<Identifier> columns)
            throws SQLException {
        this.standIns = StandIns.none(session, source, made);
        this.source = source;
        this.partitioned = partitioned;
        this.columns = Set.copyOf(columns);
        this.serverMajor = session.serverMajor();
    }

    /** Makes them, and takes them away again; tells those that can't be. */
    public ForeignKeys find(Consumer<Problem> problems) throws SQLException {
        for (ForeignKey foreignKey : standIns.present()) {
            if (!goesWithAColumn(foreignKey)) {
                Optional<Problem> obstacle = obstacle(foreignKey);
                if (obstacle.isEmpty()) {
                    obstacle = standIns.give(foreignKey).map(failure -> rejected(foreignKey, failure));
                }
                obstacle.ifPresent(problems);
            }
        }
        return new ForeignKeys(standIns.present(), standIns.take().after());
    }

    private boolean goesWithAColumn(ForeignKey foreignKey) {
        return foreignKey.referencing().oid() == source
                && !columns.containsAll(foreignKey.referencing().columns());
    }

    /** What the server would not put as the operator sees it. */
    private Optional<Problem> obstacle(ForeignKey foreignKey) {
        if (foreignKey.referenced().oid() == source) {
            List<Identifier> missing = new ArrayList<>(foreignKey.referenced().columns());
            missing.removeAll(columns);
            if (!missing.isEmpty()) {
                return problem(
                        "%s refers to columns that the new table does not have: %s"
                                .formatted(describe(foreignKey), list(missing)),
                        "Leave them in the file, " + DROP_FIRST);
            }
        }
        if (!foreignKey.validated()
                && foreignKey.referencing().oid() == source
                && !ForeignKeyHandover.canBeNotValid(partitioned, serverMajor)) {
            return problem(
                    "%s is NOT VALID, and before PostgreSQL 18 a partitioned table can have none that is"
                            .formatted(describe(foreignKey)),
                    "VALIDATE CONSTRAINT it first, " + DROP_FIRST);
        }
        return Optional.empty();
    }

    private Problem rejected(ForeignKey foreignKey, SQLException failure) {
        Side referenced = foreignKey.referenced();
        if (SqlStates.is(failure, SqlStates.INVALID_FOREIGN_KEY) && referenced.oid() == source) {
            return new Problem(
                    ProblemCode.UNSUPPORTED_DEPENDENT,
                    "%s refers to (%s), which no constraint of the new table makes unique"
                            .formatted(describe(foreignKey), list(referenced.columns())),
                    "Give the file a unique constraint on just these columns (a partitioned table can only have it if"
                            + " they hold the partition key), " + DROP_FIRST);
        }
        ServerMessage server = ServerMessage.of(failure);
        return new Problem(
                ProblemCode.UNSUPPORTED_DEPENDENT,
                "the new table can't have %s: %s (SQLSTATE %s)%s"
                        .formatted(
                                describe(foreignKey),
                                standIns.unmasked(server.text()),
                                failure.getSQLState(),
                                server.detail()
                                        .map(detail -> ": " + standIns.unmasked(detail))
                                        .orElse("")),
                "Correct the file, " + DROP_FIRST);
    }

    private static Optional<Problem> problem(String message, String remedy) {
        return Optional.of(new Problem(ProblemCode.UNSUPPORTED_DEPENDENT, message, remedy));
    }

    private static String describe(ForeignKey foreignKey) {
        return "foreign key %s of table %s"
                .formatted(foreignKey.name(), foreignKey.referencing().table());
    }

    private static String list(List<Identifier> columns) {
        return columns.stream().map(Identifier::toString).collect(joining(", "));
    }
}
