package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** Tries statements out, and takes them back. */
final class Trial {
    private static final SqlText SAVEPOINT = new SqlText("SAVEPOINT walshift_trial");
    private static final SqlText ROLLBACK =
            new SqlText("ROLLBACK TO SAVEPOINT walshift_trial; RELEASE SAVEPOINT walshift_trial");

    private Trial() {}

    /**
     * Why the server does not accept them, if it does not.
     *
     * @throws SQLException if the reason lies in its circumstances and not in the statements
     */
    static Optional<SQLException> failure(Session session, List<? extends SqlPart> statements) throws SQLException {
        session.execute(SAVEPOINT);
        Optional<SQLException> failure = Optional.empty();
        try {
            for (SqlPart statement : statements) {
                session.execute(statement);
            }
        } catch (SQLException e) {
            if (SqlStates.isPassing(e)) {
                throw e;
            }
            failure = Optional.of(e);
        }
        session.execute(ROLLBACK);
        return failure;
    }
}
