package dev.walshift.cli;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** No session could be opened, so the command touched nothing. */
final class ConnectionFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param target user, host, port and database, no password
     */
    ConnectionFailedException(String target, SQLException cause) {
        super("cannot connect to %s: %s".formatted(target, reasons(cause)), cause);
    }

    /** Of several servers each gives its reason. */
    private static String reasons(SQLException cause) {
        return Stream.concat(Arrays.stream(cause.getSuppressed()), Stream.of(cause))
                .map(Throwable::getMessage)
                .distinct()
                .collect(Collectors.joining("; "));
    }
}
