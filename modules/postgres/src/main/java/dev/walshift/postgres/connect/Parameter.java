package dev.walshift.postgres.connect;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The connection parameters of libpq 18: keyword, environment variable, the JDBC driver's property ({@code ""} where there is
 * none), and the values allowed (none listed: any).
 *
 * <p>Source: PQconninfoOptions in src/interfaces/libpq/fe-connect.c, and the chapters "Parameter Key Words" and "Environment
 * Variables" of the PostgreSQL documentation.
 */
enum Parameter {
    SERVICE("service", "PGSERVICE", "service"),
    SERVICEFILE("servicefile", "PGSERVICEFILE", ""),
    USER("user", "PGUSER", "user"),
    PASSWORD("password", "PGPASSWORD", "password"),
    PASSFILE("passfile", "PGPASSFILE", ""),
    DBNAME("dbname", "PGDATABASE", "PGDBNAME"),
    HOST("host", "PGHOST", "PGHOST"),
    HOSTADDR("hostaddr", "PGHOSTADDR", ""),
    PORT("port", "PGPORT", "PGPORT"),
    CONNECT_TIMEOUT("connect_timeout", "PGCONNECT_TIMEOUT", "connectTimeout"),
    OPTIONS("options", "PGOPTIONS", "options"),
    APPLICATION_NAME("application_name", "PGAPPNAME", "ApplicationName"),
    FALLBACK_APPLICATION_NAME("fallback_application_name", "", ""),
    KEEPALIVES("keepalives", "", "tcpKeepAlive", "0", "1"),
    TARGET_SESSION_ATTRS(
            "target_session_attrs",
            "PGTARGETSESSIONATTRS",
            "targetServerType",
            "any",
            "read-write",
            "read-only",
            "primary",
            "standby",
            "prefer-standby"),
    SSLMODE("sslmode", "PGSSLMODE", "sslmode", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    SSLNEGOTIATION("sslnegotiation", "PGSSLNEGOTIATION", "sslNegotiation", "postgres", "direct"),
    SSLCERT("sslcert", "PGSSLCERT", "sslcert"),
    SSLKEY("sslkey", "PGSSLKEY", "sslkey"),
    SSLPASSWORD("sslpassword", "", "sslpassword"),
    SSLROOTCERT("sslrootcert", "PGSSLROOTCERT", "sslrootcert"),
    SSLCERTMODE("sslcertmode", "PGSSLCERTMODE", "", "disable", "allow"),
    CHANNEL_BINDING("channel_binding", "PGCHANNELBINDING", "channelBinding", "disable", "prefer", "require"),
    REQUIRE_AUTH("require_auth", "PGREQUIREAUTH", "requireAuth"),
    GSSENCMODE("gssencmode", "PGGSSENCMODE", "gssEncMode", "disable", "allow", "prefer", "require"),
    KRBSRVNAME("krbsrvname", "PGKRBSRVNAME", "kerberosServerName"),
    GSSLIB("gsslib", "PGGSSLIB", "gsslib", "auto", "gssapi", "sspi"),
    /** No effect: the driver always speaks UTF-8, and turns it into Java's strings. */
    CLIENT_ENCODING("client_encoding", "PGCLIENTENCODING", ""),
    /** No effect: speaks of Unix sockets only. */
    REQUIREPEER("requirepeer", "PGREQUIREPEER", ""),

    // From here on the driver has nothing like it: only values that ask for nothing are allowed.
    KEEPALIVES_IDLE("keepalives_idle", "", "", "0"),
    KEEPALIVES_INTERVAL("keepalives_interval", "", "", "0"),
    KEEPALIVES_COUNT("keepalives_count", "", "", "0"),
    TCP_USER_TIMEOUT("tcp_user_timeout", "", "", "0"),
    REPLICATION("replication", "", "", "false", "off", "no", "0"),
    LOAD_BALANCE_HOSTS("load_balance_hosts", "PGLOADBALANCEHOSTS", "", "disable"),
    SSLCOMPRESSION("sslcompression", "PGSSLCOMPRESSION", "", "0"),
    SSLCRL("sslcrl", "PGSSLCRL", "", ""),
    SSLCRLDIR("sslcrldir", "PGSSLCRLDIR", "", ""),
    SSLSNI("sslsni", "PGSSLSNI", "", "1"),
    SSLKEYLOGFILE("sslkeylogfile", "", "", ""),
    SSL_MIN_PROTOCOL_VERSION(
            "ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", "", "", "TLSv1", "TLSv1.1", "TLSv1.2"),
    SSL_MAX_PROTOCOL_VERSION("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", "", "", "TLSv1.3"),
    MIN_PROTOCOL_VERSION("min_protocol_version", "PGMINPROTOCOLVERSION", "", "3.0"),
    MAX_PROTOCOL_VERSION("max_protocol_version", "PGMAXPROTOCOLVERSION", "", "3.0", "3.2", "latest"),
    GSSDELEGATION("gssdelegation", "PGGSSDELEGATION", "", "0"),
    SCRAM_CLIENT_KEY("scram_client_key", "", "", ""),
    SCRAM_SERVER_KEY("scram_server_key", "", "", ""),
    OAUTH_ISSUER("oauth_issuer", "", "", ""),
    OAUTH_CLIENT_ID("oauth_client_id", "", "", ""),
    OAUTH_CLIENT_SECRET("oauth_client_secret", "", "", ""),
    OAUTH_SCOPE("oauth_scope", "", "", "");

    private final String keyword;
    private final String variable;
    private final String driverProperty;

    @SuppressWarnings("ImmutableEnumChecker") // List.of
    private final List<String> allowed;

    Parameter(String keyword, String variable, String driverProperty, String... allowed) {
        this.keyword = keyword;
        this.variable = variable;
        this.driverProperty = driverProperty;
        this.allowed = List.of(allowed);
    }

    String keyword() {
        return keyword;
    }

    Optional<String> variable() {
        return nonEmpty(variable);
    }

    /** The name in the JDBC driver. */
    Optional<String> driverProperty() {
        return nonEmpty(driverProperty);
    }

    /** Empty if any value will do. */
    List<String> allowed() {
        return allowed;
    }

    boolean isSupported() {
        return compareTo(KEEPALIVES_IDLE) < 0;
    }

    boolean isSecret() {
        return switch (this) {
            case PASSWORD, SSLPASSWORD, SCRAM_CLIENT_KEY, SCRAM_SERVER_KEY, OAUTH_CLIENT_SECRET -> true;
            default -> false;
        };
    }

    /** The parameter with this keyword, case-sensitive as in libpq. */
    static Optional<Parameter> withKeyword(String keyword) {
        return Arrays.stream(values())
                .filter(parameter -> parameter.keyword.equals(keyword))
                .findFirst();
    }

    static Optional<Parameter> withDriverProperty(String name) {
        return Arrays.stream(values())
                .filter(parameter ->
                        parameter.driverProperty().filter(name::equals).isPresent())
                .findFirst();
    }

    /** The known name that takes the fewest edits to get to from {@code name}. */
    static String nearest(String name, boolean driverPropertiesToo) {
        return Arrays.stream(values())
                .filter(Parameter::isSupported)
                .flatMap(parameter -> Stream.concat(
                        Stream.of(parameter.keyword),
                        driverPropertiesToo ? parameter.driverProperty().stream() : Stream.empty()))
                .min(Comparator.comparingInt(
                        known -> edits(name.toLowerCase(Locale.ROOT), known.toLowerCase(Locale.ROOT))))
                .orElseThrow();
    }

    /** Levenshtein distance. */
    private static int edits(String from, String to) {
        int[] row = new int[to.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[to.length()];
    }

    private static Optional<String> nonEmpty(String text) {
        return Optional.of(text).filter(value -> !value.isEmpty());
    }
}
