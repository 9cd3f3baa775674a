package dev.walshift.testkit;

import java.util.HashMap;
import java.util.Map;

/**
 * One server for each major and JVM, started when first asked for and ended with the JVM, for tests that need a database but
 * not a server of their own.
 */
public final class SharedServers {
    /** Static, because JUnit offers no scope wider than a class; a server ends with the JVM by its own guard. */
    private static final Map<ServerVersion, PostgresServer> SERVERS = new HashMap<>();

    private SharedServers() {}

    /** The shared server of a major; the caller must neither stop, close nor reconfigure it. */
    public static PostgresServer of(ServerVersion version) {
        synchronized (SERVERS) {
            return SERVERS.computeIfAbsent(version, PostgresServer::start);
        }
    }

    /** A new, empty database on the shared server of a major. */
    public static TestDatabase freshDatabase(ServerVersion version) {
        return TestDatabase.create(of(version));
    }

    /** A new, empty database on the shared server of the newest of {@link PostgresServer#defaultMajors()}. */
    public static TestDatabase freshDatabase() {
        return freshDatabase(PostgresServer.defaultMajors().getLast());
    }
}
