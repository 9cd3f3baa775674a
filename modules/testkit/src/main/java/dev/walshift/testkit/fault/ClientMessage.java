package dev.walshift.testkit.fault;

/**
 * A message of a client to the server (PostgreSQL's documentation, "Message Formats").
 *
 * @param application the session's application_name as the client has set it last
 * @param type the message's first byte, such as {@code 'Q'} for Query and {@code 'P'} for Parse
 * @param sql the statement's text in a Query or Parse, else empty
 */
public record ClientMessage(String application, char type, String sql) {
    static final char QUERY = 'Q';
    static final char PARSE = 'P';
}
