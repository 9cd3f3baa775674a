package dev.walshift.postgres.connect;

import java.util.Optional;

/**
 * One server that may be tried.
 *
 * @param host name or address, an IPv6 address without brackets
 * @param port 1 to 65535
 * @param password sent to this server only, if it asks; a password file may hold another for each server
 */
public record Endpoint(String host, int port, Optional<Secret> password) {
    static final int MAX_PORT = 65_535;

    public Endpoint {
        if (host.isBlank() || host.indexOf(',') >= 0) {
            throw new IllegalArgumentException("an endpoint is one host, got \"" + host + "\"");
        }
        if (port < 1 || port > MAX_PORT) {
            throw new IllegalArgumentException("port must be 1 to " + MAX_PORT + ", got " + port);
        }
    }

    /** {@code host:port}. */
    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
