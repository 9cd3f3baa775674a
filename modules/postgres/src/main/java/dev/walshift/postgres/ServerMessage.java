package dev.walshift.postgres;

import java.sql.SQLException;
import java.util.Optional;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * What the server says about a failure.
 *
 * @param text in one line, without the severity
 * @param detail what it says more, on one line or several
 * @param hint what to do, if the server has an idea
 * @param context what called what, for errors in functions
 * @param position of the place in the statement, in characters from 1
 */
public record ServerMessage(
        String text,
        Optional<String> detail,
        Optional<String> hint,
        Optional<String> context,
        Optional<Integer> position) {

    /** Of a failure that is not the server's, the text is what the driver says. */
    public static ServerMessage of(SQLException failure) {
        Optional<ServerErrorMessage> server = failure instanceof PSQLException exception
                ? Optional.ofNullable(exception.getServerErrorMessage())
                : Optional.empty();
        return new ServerMessage(
                server.map(ServerErrorMessage::getMessage).orElseGet(() -> String.valueOf(failure.getMessage())),
                server.map(ServerErrorMessage::getDetail),
                server.map(ServerErrorMessage::getHint),
                server.map(ServerErrorMessage::getWhere),
                server.map(ServerErrorMessage::getPosition).filter(position -> position > 0));
    }

    /** With the detail: some messages name no more than the table. */
    public String inOneLine() {
        return text + detail.map(more -> ": " + more.replace("\n", "; ")).orElse("");
    }
}
