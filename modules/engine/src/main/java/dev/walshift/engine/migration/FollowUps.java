package dev.walshift.engine.migration;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.Workers;
import dev.walshift.engine.table.DataRejected;
import dev.walshift.engine.table.FollowUp;
import dev.walshift.engine.table.RelationLock;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Does beside the application what is left to do after the swap, such as validating foreign keys. */
final class FollowUps {
    private final LockRetry locks;
    private final StopSignal stop;

    FollowUps(LockRetry locks, StopSignal stop) {
        this.locks = locks;
        this.stop = stop;
    }

    /**
     * Does all that are due, so that a row that is in the way of one is not in the way of the others. Can be done again.
     *
     * @param detail told what is being done, for people
     * @throws MigrationException FOLLOW_UP_FAILED if rows of the application are in the way of some
     */
    void run(Session session, List<FollowUp> followUps, Consumer<String> detail) throws SQLException {
        List<SQLException> rejected = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (FollowUp followUp : followUps) {
            detail.accept(followUp.what());
            try {
                run(session, followUp);
            } catch (SQLException e) {
                String reason = DataRejected.reason(e).orElseThrow(() -> e);
                rejected.add(e);
                problems.add("%s: %s".formatted(followUp.what(), reason));
            }
        }
        if (!rejected.isEmpty()) {
            throw failed(problems, rejected);
        }
    }

    private static MigrationException failed(List<String> problems, List<SQLException> rejected) {
        MigrationException failure = new MigrationException(
                ProblemCode.FOLLOW_UP_FAILED,
                "could not " + String.join("; could not ", problems),
                "The new table is in use and new rows are checked, but a constraint named above is NOT VALID: rows"
                        + " from before the migration break it. Mend or delete them (the server's log names one),"
                        + " or drop that constraint.",
                rejected.getFirst());
        rejected.stream().skip(1).forEach(failure::addSuppressed);
        return failure;
    }

    private void run(Session session, FollowUp followUp) throws SQLException {
        if (session.queryFirst(followUp.due(), row -> row.getBoolean(1)).orElse(false)) {
            List<QualifiedName> tables = followUp.locks().stream()
                    .filter(RelationLock::table)
                    .map(RelationLock::relation)
                    .toList();
            Duration lockTimeout = locks.lockTimeoutOn(session);
            boolean unused = locks.runOn(tables, session, followUp.what(), stop, tx -> {
                LockRetry.inTurn(tx, lockTimeout, followUp.locks(), lock -> tx.execute(lock.statement()));
                Workers.cancellable(tx, stop, () -> tx.execute(followUp.statement()));
                return true;
            });
        }
    }
}
