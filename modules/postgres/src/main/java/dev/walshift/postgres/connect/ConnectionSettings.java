package dev.walshift.postgres.connect;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * How to reach one PostgreSQL server, and as whom. Printed, it shows host, port, database and user only.
 *
 * @param endpoints the servers to try, in this order; at least one
 * @param target which of them will do
 * @param driverProperties further properties of the JDBC driver (timeouts in s, application name, options, ...); no secrets
 */
public record ConnectionSettings(
        List<Endpoint> endpoints,
        TargetServer target,
        String database,
        String user,
        Tls tls,
        Map<String, String> driverProperties) {

    public ConnectionSettings {
        endpoints = List.copyOf(endpoints);
        driverProperties = Map.copyOf(driverProperties);
        if (endpoints.isEmpty() || database.isEmpty() || user.isEmpty()) {
            throw new IllegalArgumentException("settings need an endpoint, a database and a user");
        }
    }

    /**
     * Settings found where libpq finds them, with its precedence: {@code url}, then the service it or PGSERVICE names, then
     * the PG* variables, then defaults; a password still missing comes from the password file.
     *
     * <p>Not as libpq: without a host it is localhost, since the driver has no Unix sockets; connect_timeout is 10 s unless
     * given (0: no limit); of several hosts the first that accepts writes is taken unless target_session_attrs is given; and
     * what the driver cannot do is refused, not ignored.
     *
     * @param url {@code postgresql://...}, {@code jdbc:postgresql://...} or {@code keyword=value ...}
     * @param home folder of .pgpass, .pg_service.conf and .postgresql
     * @param warnings told why a password file is ignored; never a password
     * @throws ConnectionSettingsException with everything that is wrong
     */
    public static ConnectionSettings resolve(
            Optional<String> url, Map<String, String> environment, Path home, Consumer<String> warnings) {
        GivenParameters given = new GivenParameters();
        url.ifPresent(text -> ConnectionString.read(text, given));
        ServiceFile.read(given, environment, home);
        given.fillFrom(environment);
        given.checkChoices();
        return new SettingsBuilder(given, home, warnings).build();
    }

    /** {@code user@host:port/database}, with all the hosts. */
    public String display() {
        return endpoints.stream().map(Endpoint::toString).collect(Collectors.joining(",", user + "@", "/" + database));
    }

    @Override
    public String toString() {
        return "ConnectionSettings[" + display() + "]";
    }
}
