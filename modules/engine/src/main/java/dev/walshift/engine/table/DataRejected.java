package dev.walshift.engine.table;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import java.sql.SQLException;
import java.util.Optional;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Tells rows that the new schema does not take from other failures. */
public final class DataRejected {
    private DataRejected() {}

    /**
     * Explains a refusal by the data.
     *
     * @param e what the server said while rows were put into the shadow
     * @return a refusal by the data (class 22, data exception; class 23, constraint violation) as a problem that names it; else
     *     {@code e} thrown on
     */
    public static MigrationException explain(Blueprint table, SQLException e) throws SQLException {
        Optional<ServerErrorMessage> rejection = rejection(e);
        if (rejection.isEmpty()) {
            throw e;
        }
        if (isWithoutPartition(rejection.get())) {
            return new MigrationException(
                    ProblemCode.DATA_REJECTED,
                    "a row of %s has no partition to go to: %s"
                            .formatted(table.source().name(), rejection.get().getDetail()),
                    "Add a partition for it, or a DEFAULT one, to the file of --target-ddl, then start again.",
                    e);
        }
        return new MigrationException(
                ProblemCode.DATA_REJECTED,
                "a row of %s does not fit the new schema: %s"
                        .formatted(table.source().name(), what(rejection.get())),
                "The blocking ALTER TABLE would fail on it too. Mend the rows or the statement, then start again.",
                e);
    }

    /** What the server says, if it is a refusal by the data; without the detail, which quotes the row. */
    public static Optional<String> reason(SQLException e) {
        return rejection(e).map(DataRejected::what);
    }

    private static Optional<ServerErrorMessage> rejection(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        Optional<ServerErrorMessage> server =
                e instanceof PSQLException said ? Optional.ofNullable(said.getServerErrorMessage()) : Optional.empty();
        return server.filter(it -> state.startsWith("22") || state.startsWith("23"));
    }

    /** By the function that looks for it (execPartition.c), since the message is in the server's language; its detail is the partition key. */
    private static boolean isWithoutPartition(ServerErrorMessage error) {
        return "ExecFindPartition".equals(error.getRoutine());
    }

    /** Without the detail, which quotes the whole row. */
    private static String what(ServerErrorMessage error) {
        String constraint = error.getConstraint() == null ? "" : " (constraint " + error.getConstraint() + ")";
        return error.getMessage() + constraint;
    }
}
