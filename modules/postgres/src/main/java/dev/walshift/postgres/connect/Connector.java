package dev.walshift.postgres.connect;

import java.net.UnknownHostException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;
import org.postgresql.Driver;

/**
 * Opens connections. Any thread.
 *
 * <p>Goes through the servers itself, as libpq does, instead of giving the driver the list: the driver's connectTimeout spans
 * all of them, so that a server that is away leaves 1 ms for the next (ConnectionFactoryImpl.remainingConnectTimeout in
 * pgjdbc 42.7), and it knows one password for all.
 */
public final class Connector {
    /** Nothing of the host, the user or the password stands in the URL: the driver logs it. */
    private static final String URL = "jdbc:postgresql://";

    /** The server starts up, shuts down or recovers (errcodes.txt). */
    private static final String CANNOT_CONNECT_NOW = "57P03";

    /** Walsenders take no extended queries. */
    private static final Map<String, String> REPLICATION =
            Map.of("replication", "database", "preferQueryMode", "simple");

    private final ConnectionSettings settings;
    private final Driver driver = new Driver();

    public Connector(ConnectionSettings settings) {
        this.settings = settings;
    }

    /**
     * A connection for SQL, in autocommit mode; the caller closes it.
     *
     * @throws SQLException if no server will do; names each server and what it said. Interrupted, the flag stays set.
     */
    public Connection connect() throws SQLException {
        return open(Map.of());
    }

    /** A connection for the replication API and simple queries, otherwise as {@link #connect()}. */
    public Connection connectForReplication() throws SQLException {
        return open(REPLICATION);
    }

    private Connection open(Map<String, String> extra) throws SQLException {
        List<SQLException> failures = new ArrayList<>();
        for (String serverType : settings.target().rounds()) {
            for (Endpoint endpoint : settings.endpoints()) {
                try {
                    return connect(endpoint, serverType, extra);
                } catch (SQLException e) {
                    failures.add(failure(endpoint, e));
                    if (!mayTryNext(e)) {
                        throw together(failures);
                    }
                }
            }
        }
        throw together(failures);
    }

    /** As libpq: a server that is away or not of the kind wanted makes room for the next, one that says no does not. */
    private static boolean mayTryNext(SQLException e) {
        Optional<String> state = Optional.ofNullable(e.getSQLState());
        return !Thread.currentThread().isInterrupted()
                && state.filter(code -> !code.startsWith("08") && !code.equals(CANNOT_CONNECT_NOW))
                        .isEmpty();
    }

    private static SQLException failure(Endpoint endpoint, SQLException e) {
        // The driver leaves this to the cause.
        String said = e.getCause() instanceof UnknownHostException ? "unknown host" : e.getMessage();
        return new SQLException("no connection to %s: %s".formatted(endpoint, said), e.getSQLState(), e);
    }

    private static SQLException together(List<SQLException> failures) {
        SQLException last = failures.getLast();
        if (failures.size() == 1) {
            return last;
        }
        String messages = failures.stream().map(SQLException::getMessage).collect(Collectors.joining("; "));
        SQLException all = new SQLException(messages, last.getSQLState());
        failures.forEach(all::addSuppressed);
        return all;
    }

    private Connection connect(Endpoint endpoint, String serverType, Map<String, String> extra) throws SQLException {
        Properties properties = DriverProperties.of(settings, endpoint);
        properties.setProperty("targetServerType", serverType);
        properties.putAll(extra);
        return connect(properties);
    }

    private Connection connect(Properties properties) throws SQLException {
        try {
            return Optional.ofNullable(driver.connect(URL, properties)).orElseThrow();
        } catch (SQLException e) {
            // The driver calls an interrupt "something unusual"; it leaves the flag set.
            throw Thread.currentThread().isInterrupted() ? new SQLException("interrupted while connecting", e) : e;
        }
    }
}
