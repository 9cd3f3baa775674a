package dev.walshift.postgres.connect;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** Turns the parameters found into {@link ConnectionSettings} (pqConnectOptions2 in src/interfaces/libpq/fe-connect.c). */
final class SettingsBuilder {
    private static final String DEFAULT_HOST = "localhost";
    private static final int DEFAULT_PORT = 5432;
    /** As the driver has it; libpq would wait for ever. */
    private static final int DEFAULT_CONNECT_TIMEOUT_SECONDS = 10;

    private static final String DEFAULT_APPLICATION_NAME = "walshift";
    private static final Pattern HOST = Pattern.compile("[^\\s@/,]+");
    private static final Pattern URI = Pattern.compile("(?s)(jdbc:)?postgres(ql)?:.*");

    /** Parameters whose values mean the same to the driver. */
    private static final List<Parameter> PASSED_ON = List.of(
            Parameter.OPTIONS,
            Parameter.CHANNEL_BINDING,
            Parameter.REQUIRE_AUTH,
            Parameter.GSSENCMODE,
            Parameter.KRBSRVNAME,
            Parameter.GSSLIB,
            Parameter.SSLNEGOTIATION);

    private final GivenParameters given;
    private final Path home;
    private final Consumer<String> warnings;

    SettingsBuilder(GivenParameters given, Path home, Consumer<String> warnings) {
        this.given = given;
        this.home = home;
        this.warnings = warnings;
    }

    ConnectionSettings build() {
        String user = given.nonEmpty(Parameter.USER).orElse(System.getProperty("user.name", ""));
        if (user.isEmpty()) {
            given.problem("no user is given and the operating system names none: set user or PGUSER");
        }
        String database = given.nonEmpty(Parameter.DBNAME).orElse(user);
        if (URI.matcher(database).matches()) {
            given.problem("dbname or PGDATABASE holds a connection URI: give it as the connection string");
        }
        List<Endpoint> endpoints = endpoints();
        Tls tls = TlsFiles.resolve(given, home);
        Map<String, String> driverProperties = driverProperties();
        given.throwIfWrong();
        return new ConnectionSettings(
                withPasswords(endpoints, database, user),
                target(endpoints.size()),
                database,
                user,
                tls,
                driverProperties);
    }

    private List<Endpoint> endpoints() {
        List<String> hosts = list(hostParameter());
        List<String> ports = list(Parameter.PORT);
        if (ports.size() != 1 && ports.size() != hosts.size()) {
            given.problem("%d ports are given for %d hosts: give one port for all hosts, or one for each"
                    .formatted(ports.size(), hosts.size()));
            return List.of();
        }
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < hosts.size(); i++) {
            Optional<String> host = host(hosts.get(i));
            Optional<Integer> port = port(ports.get(ports.size() == 1 ? 0 : i));
            if (host.isPresent() && port.isPresent()) {
                endpoints.add(new Endpoint(host.get(), port.get(), Optional.empty()));
            }
        }
        return endpoints;
    }

    private Parameter hostParameter() {
        Optional<String> address = given.nonEmpty(Parameter.HOSTADDR);
        if (address.isEmpty()) {
            return Parameter.HOST;
        }
        if (given.nonEmpty(Parameter.HOST).isPresent()) {
            given.problem("hostaddr (PGHOSTADDR) beside host is not supported by the JDBC driver: give one of them");
        }
        return Parameter.HOSTADDR;
    }

    /** The comma-separated elements, an empty one for each default; one empty one if the parameter is not given. */
    private List<String> list(Parameter parameter) {
        return List.of(given.value(parameter).orElse("").split(",", -1));
    }

    private Optional<String> host(String host) {
        if (host.isEmpty()) {
            return Optional.of(DEFAULT_HOST);
        }
        if (host.startsWith("/") || host.startsWith("@")) {
            given.problem(
                    "host (PGHOST) names a Unix socket, and the JDBC driver speaks TCP only: give host=localhost, and"
                            + " let listen_addresses and pg_hba.conf of the server allow it");
            return Optional.empty();
        }
        if (!HOST.matcher(host).matches()) {
            given.problem(hostParameter(), "must be names or addresses separated by commas, without spaces, @ or /");
            return Optional.empty();
        }
        return Optional.of(host);
    }

    private Optional<Integer> port(String port) {
        if (port.isEmpty()) {
            return Optional.of(DEFAULT_PORT);
        }
        Optional<Integer> number = integer(port).filter(value -> value >= 1 && value <= Endpoint.MAX_PORT);
        if (number.isEmpty()) {
            given.problem(
                    Parameter.PORT,
                    "must be a number from 1 to %d (in a URI an IPv6 address stands in brackets, and a password before an @)"
                            .formatted(Endpoint.MAX_PORT));
        }
        return number;
    }

    private static Optional<Integer> integer(String text) {
        try {
            return Optional.of(Integer.parseInt(text.strip()));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private TargetServer target(int hosts) {
        return given.value(Parameter.TARGET_SESSION_ATTRS)
                .map(TargetServer::of)
                .orElse(hosts > 1 ? TargetServer.PRIMARY : TargetServer.ANY);
    }

    private Map<String, String> driverProperties() {
        Map<String, String> properties = new TreeMap<>();
        for (Parameter parameter : PASSED_ON) {
            given.nonEmpty(parameter)
                    .ifPresent(
                            value -> properties.put(parameter.driverProperty().orElseThrow(), value));
        }
        String timeoutSeconds = Integer.toString(connectTimeoutSeconds());
        properties.put("connectTimeout", timeoutSeconds);
        // The driver's connectTimeout ends with the TLS handshake, libpq's with the login.
        properties.put("loginTimeout", timeoutSeconds);
        properties.put("socketTimeout", "0");
        properties.put(
                "tcpKeepAlive",
                given.value(Parameter.KEEPALIVES).filter("0"::equals).isPresent() ? "false" : "true");
        properties.put(
                "ApplicationName",
                given.nonEmpty(Parameter.APPLICATION_NAME)
                        .or(() -> given.nonEmpty(Parameter.FALLBACK_APPLICATION_NAME))
                        .orElse(DEFAULT_APPLICATION_NAME));
        return properties;
    }

    /** 0 for no limit, which is also what libpq makes of a negative number. */
    private int connectTimeoutSeconds() {
        Optional<String> text = given.value(Parameter.CONNECT_TIMEOUT);
        if (text.isEmpty()) {
            return DEFAULT_CONNECT_TIMEOUT_SECONDS;
        }
        Optional<Integer> seconds = integer(text.get());
        if (seconds.isEmpty()) {
            given.problem(Parameter.CONNECT_TIMEOUT, "must be a whole number of seconds, 0 for no limit");
        }
        return Math.max(0, seconds.orElse(0));
    }

    private List<Endpoint> withPasswords(List<Endpoint> endpoints, String database, String user) {
        Optional<Secret> password = given.nonEmpty(Parameter.PASSWORD).map(Secret::new);
        if (password.isPresent()) {
            return endpoints.stream()
                    .map(endpoint -> new Endpoint(endpoint.host(), endpoint.port(), password))
                    .toList();
        }
        Path file = given.nonEmpty(Parameter.PASSFILE).map(Path::of).orElse(home.resolve(".pgpass"));
        PasswordFile passwords = PasswordFile.read(file, warnings);
        return endpoints.stream()
                .map(endpoint ->
                        new Endpoint(endpoint.host(), endpoint.port(), passwords.find(endpoint, database, user)))
                .toList();
    }
}
