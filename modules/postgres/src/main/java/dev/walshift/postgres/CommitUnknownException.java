package dev.walshift.postgres;

import java.sql.SQLException;

/** The connection was lost during COMMIT: the transaction may or may not have happened. Ask the server before going on. */
public final class CommitUnknownException extends SQLException {
    private static final long serialVersionUID = 1L;

    public CommitUnknownException(SQLException cause) {
        super(
                "the connection was lost during COMMIT, its outcome is unknown: " + cause.getMessage(),
                cause.getSQLState(),
                cause);
    }
}
