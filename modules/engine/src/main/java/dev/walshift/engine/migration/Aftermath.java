package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.StoppedException;
import dev.walshift.engine.UnqualifiedNames;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.plan.RefusedException;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What becomes of a migration that met a failure: it is removed, kept as evidence, or left for the next process to go on with. One thread. */
final class Aftermath {
    private static final Logger log = LoggerFactory.getLogger(Aftermath.class);

    private final Journal journal;
    private final long id;
    private final SlotName slot;
    private final Setup setup;
    private final TimeLimit time;
    private final StopSignal stop;
    private final String remedy;

    /**
     * @param time that may have raised {@code stop}
     * @param remedy how an interrupted one goes on
     */
    Aftermath(Journal journal, long id, SlotName slot, Setup setup, TimeLimit time, StopSignal stop, String remedy) {
        this.journal = journal;
        this.id = id;
        this.slot = slot;
        this.setup = setup;
        this.time = time;
        this.stop = stop;
        this.remedy = remedy;
    }

    /** A second request to stop cancels whatever runs. */
    static boolean isCancelledOnRequest(StopSignal stop, SQLException e) {
        return stop.isRaised() && SqlStates.is(e, SqlStates.QUERY_CANCELED);
    }

    /**
     * Does what the failure calls for.
     *
     * @return what to throw: {@link FailedException} or {@link InterruptedMigrationException}
     */
    MigrationException of(Session session, Exception failure) {
        return switch (failure) {
            case StoppedException e -> interrupted(time.stopCode(), time.stopReason(), e);
            case FailedException e -> e;
            case MigrationException e -> afterFailure(session, e);
            case SQLException e
            when isCancelledOnRequest(stop, e) ->
                interrupted(ProblemCode.STOPPED, "stopped on request, and a statement was cancelled", e);
            case SQLException e -> afterFailure(session, serverError(e));
            default -> {
                log.error("migration {} met an error in walshift", id, failure);
                yield interrupted(
                        ProblemCode.SERVER_ERROR, "an error in walshift itself, please report it: " + failure, failure);
            }
        };
    }

    /** Rows differ: what shows it is kept until the operator gives the migration up, what could harm the server is not. */
    FailedException keepEvidence(Session session, MigrationState.Differs found, @Nullable Throwable cause)
            throws SQLException {
        setup.letGo(session, slot);
        return new FailedException(ProblemCode.DIFFERENCE_FOUND, found.problem(), found.remedy(), cause);
    }

    private static MigrationException serverError(SQLException e) {
        return new MigrationException(
                SqlStates.isPassing(e) ? ProblemCode.SERVER_UNAVAILABLE : ProblemCode.SERVER_ERROR,
                String.valueOf(e.getMessage()),
                UnqualifiedNames.remedy(e, Optional.empty())
                        .map(remedy -> remedy + ". Then start again.")
                        .orElse("See the server's log for the statement."),
                e);
    }

    /** A failure that the same run would meet again ends the migration and removes what it made; any other leaves it resumable. */
    private MigrationException afterFailure(Session session, MigrationException failure) {
        String problem = String.valueOf(failure.getMessage());
        try {
            MigrationState state = journal.load(session, id).state();
            if (state instanceof MigrationState.Swapped) {
                return afterSwap(failure);
            }
            if (state instanceof MigrationState.Differs differs) {
                return keepEvidence(session, differs, failure);
            }
            // Before the copy began there is nothing worth keeping, and a slot that nobody reads is a danger.
            if (!isFinal(failure) && !(state instanceof MigrationState.Preparing)) {
                return new InterruptedMigrationException(id, failure.code(), problem, first(failure) + remedy, failure);
            }
            setup.giveUp(session, slot, new MigrationState.Failed(failure.code(), problem, failure.remedy()));
            return new FailedException(failure.code(), problem, failure.remedy(), failure);
        } catch (SQLException | RuntimeException e) {
            failure.addSuppressed(e);
            log.warn("could not clean up migration {}: {}", id, e.getMessage());
            log.debug("why", e);
            return interrupted(
                    failure.code(), failure.getMessage() + "; cleaning up failed too: " + e.getMessage(), failure);
        }
    }

    /** What is to be done before it can go on. */
    private static String first(MigrationException failure) {
        return failure.getCause() instanceof SQLException e
                ? UnqualifiedNames.remedy(e, Optional.empty())
                        .map(remedy -> remedy + ". ")
                        .orElse("")
                : "";
    }

    /** Whether the same migration could only fail in the same way again. */
    private static boolean isFinal(MigrationException failure) {
        return failure instanceof RefusedException
                || switch (failure.code()) {
                    case DATA_REJECTED,
                            SOURCE_CHANGED,
                            SLOT_LOST,
                            PUBLICATION_LOST,
                            REPLICA_IDENTITY,
                            NOT_CONVERGING,
                            BUDGET_EXCEEDED -> true;
                    default -> false;
                };
    }

    private InterruptedMigrationException afterSwap(MigrationException failure) {
        return new InterruptedMigrationException(
                id,
                failure.code(),
                "the tables were swapped, but not all is done: " + failure.getMessage(),
                "%1$s Then run the same command again, or walshift resume %2$d: it does what is left, and nothing twice."
                        .formatted(failure.remedy(), id),
                failure);
    }

    InterruptedMigrationException interrupted(ProblemCode code, String what, Throwable cause) {
        log.debug("migration {} is interrupted", id, cause);
        return new InterruptedMigrationException(id, code, what, remedy, cause);
    }
}
