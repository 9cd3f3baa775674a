package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlStates;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** Tries things out, and takes them back. */
final class Trial {
    private Trial() {}

    /** Why the server does not accept these statements, if it does not; see the other one. */
    static Optional<SQLException> failure(Session session, List<? extends SqlPart> statements) throws SQLException {
        return failure(session, transaction -> {
            for (SqlPart statement : statements) {
                transaction.execute(statement);
            }
        });
    }

    /**
     * Why the server does not accept it, if it does not.
     *
     * @throws SQLException if the reason lies in its circumstances and not in what was tried
     */
    static Optional<SQLException> failure(Session session, Session.Task task) throws SQLException {
        try {
            return session.tryOut(transaction -> {
                task.run(transaction);
                return Optional.empty();
            });
        } catch (SQLException e) {
            if (SqlStates.isPassing(e)) {
                throw e;
            }
            return Optional.of(e);
        }
    }
}
