package dev.walshift.testkit;

/** A test server could not be unpacked, started or stopped. The message ends with what the server's programs printed. */
public final class ServerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ServerException(String message) {
        super(message);
    }

    ServerException(String message, Throwable cause) {
        super(message, cause);
    }
}
