package dev.walshift.cli;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import java.sql.SQLException;

/**
 * What went wrong, for the operator.
 *
 * @param code an engine's problem code, or one of those named here
 * @param message what failed
 * @param remedy how things were left, and what to do
 */
record Trouble(String code, String message, String remedy) {
    static final String CONNECTION_FAILED = "CONNECTION_FAILED";
    static final String UNEXPECTED_ERROR = "UNEXPECTED_ERROR";

    static Trouble of(MigrationException e) {
        return new Trouble(e.code().name(), String.valueOf(e.getMessage()), e.remedy());
    }

    /** @param mayBeUnderWay whether an earlier run may have left something, for all that is known */
    static Trouble of(ConnectionFailedException e, boolean mayBeUnderWay) {
        return new Trouble(
                CONNECTION_FAILED,
                String.valueOf(e.getMessage()),
                (mayBeUnderWay
                                ? "This command touched nothing; if a migration is under way it stands where it stood,"
                                      + " its replication slot keeps WAL on the server, and the same command goes on. "
                                : "Nothing was touched. ")
                        + "Check --url, or PGHOST, PGPORT, PGUSER, PGDATABASE, PGSERVICE and ~/.pgpass; "
                        + "psql with the same settings helps to find out what is wrong.");
    }

    /** From a command that works in one transaction of its own. */
    static Trouble of(SQLException e) {
        return new Trouble(
                ProblemCode.SERVER_ERROR.name(),
                "the server answered: %s (SQLSTATE %s)".formatted(e.getMessage(), e.getSQLState()),
                "What was begun is rolled back. Mend the cause, then give the same command again.");
    }

    /** A defect of ours. */
    static Trouble unexpected(Throwable e) {
        return new Trouble(
                UNEXPECTED_ERROR, "unexpected %s: %s".formatted(e.getClass().getSimpleName(), e.getMessage()), """
                    This is a defect of walshift. The application's data is safe: the tables are swapped in one transaction, or not at all.
                    "walshift status" tells where the migration stands; the same command again goes on from there.
                    Please report this with the output of the same command and --log-level=debug.\
                    """);
    }
}
