package dev.walshift.postgres.connect;

import java.util.Properties;

/** Settings in the JDBC driver's words (org.postgresql.PGProperty). */
final class DriverProperties {
    private DriverProperties() {}

    /** Everything the driver needs for one server, passwords in plain text. */
    static Properties of(ConnectionSettings settings, Endpoint endpoint) {
        Properties properties = new Properties();
        properties.putAll(settings.driverProperties());
        properties.setProperty("PGHOST", endpoint.host());
        properties.setProperty("PGPORT", Integer.toString(endpoint.port()));
        properties.setProperty("PGDBNAME", settings.database());
        properties.setProperty("user", settings.user());
        // Only then are application_name and replication in the startup message, and in the server's log.
        properties.setProperty("assumeMinServerVersion", "9.4");
        // keepalives=0 asks for none of it.
        if (!"false".equals(properties.getProperty("tcpKeepAlive"))) {
            properties.setProperty("tcpKeepAlive", "true");
            properties.setProperty("socketFactory", KeepAliveSocketFactory.class.getName());
        }
        // Without the property the driver would look into the password file itself, whoever may read that.
        properties.setProperty(
                "password", endpoint.password().map(Secret::reveal).orElse(""));
        addTls(properties, settings.tls());
        return properties;
    }

    private static void addTls(Properties properties, Tls tls) {
        properties.setProperty("sslmode", tls.mode().keyword());
        tls.trust().ifPresent(trust -> {
            switch (trust) {
                case Tls.Trust.Authorities(var file) -> properties.setProperty("sslrootcert", file.toString());
                case Tls.Trust.JavaTrustStore() ->
                    properties.setProperty("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
            }
        });
        // Empty, for else the driver takes its own default files, and asks for a passphrase on the console.
        properties.setProperty("sslkey", "");
        properties.setProperty("sslcert", "");
        properties.setProperty("sslpassword", "");
        tls.clientKey().ifPresent(client -> {
            properties.setProperty("sslkey", client.key().toString());
            client.certificate().ifPresent(file -> properties.setProperty("sslcert", file.toString()));
            client.passphrase().ifPresent(secret -> properties.setProperty("sslpassword", secret.reveal()));
            client.pemAlgorithm().ifPresent(algorithm -> properties.setProperty("pemKeyAlgorithm", algorithm));
        });
    }
}
