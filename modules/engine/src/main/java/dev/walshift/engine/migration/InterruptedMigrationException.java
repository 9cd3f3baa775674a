package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.SqlStates;
import java.sql.SQLException;
import java.util.Optional;
import java.util.stream.Stream;

/** The migration was interrupted; the journal knows how far it came, if it was begun at all, and the same command goes on from there. */
public final class InterruptedMigrationException extends MigrationException {
    private static final long serialVersionUID = 1L;

    private static final long NOT_KNOWN = 0;

    private final long migration;

    InterruptedMigrationException(long migration, ProblemCode code, String message, String remedy, Throwable cause) {
        super(code, message, remedy, cause);
        this.migration = migration;
    }

    /** Before the journal was read, so that nobody knows whether there is a migration to go on with. */
    static InterruptedMigrationException beforeTheJournalWasRead(ProblemCode code, String message, Throwable cause) {
        return new InterruptedMigrationException(
                NOT_KNOWN,
                code,
                message,
                "This run touched nothing; a migration that was under way stands where it stood (walshift status), and"
                        + " its replication slot keeps WAL on the server. Run the same command again to go on.",
                cause);
    }

    /** Its number in the journal; empty if the journal was not read. */
    public Optional<Long> migration() {
        return Optional.of(migration).filter(number -> number != NOT_KNOWN);
    }

    /** Whether sessions or the stream were lost, and nothing else was wrong. */
    boolean isLoss() {
        return switch (code()) {
            case STREAM_FAILED -> true;
            case SERVER_UNAVAILABLE -> causes().anyMatch(InterruptedMigrationException::isLostConnection);
            default -> false;
        };
    }

    private Stream<Throwable> causes() {
        return Stream.iterate(Optional.<Throwable>of(this), Optional::isPresent, e -> e.map(Throwable::getCause))
                .flatMap(Optional::stream);
    }

    private static boolean isLostConnection(Throwable failure) {
        return failure instanceof SQLException e && SqlStates.isConnectionLost(e);
    }
}
