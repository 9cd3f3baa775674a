package dev.walshift.postgres.connect;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How the connection is encrypted and who proves what to whom.
 *
 * @param trust what the server's certificate is checked against: there exactly when {@code mode} verifies it
 * @param clientKey shown to a server that asks for a certificate
 */
public record Tls(Mode mode, Optional<Trust> trust, Optional<ClientKey> clientKey) {
    /** libpq's {@code sslmode}. */
    public enum Mode {
        DISABLE("disable"),
        /** Plain first, encrypted if the server insists. */
        ALLOW("allow"),
        /** Encrypted first, plain if the server has no TLS. */
        PREFER("prefer"),
        /** Encrypted, with whoever answers. */
        REQUIRE("require"),
        /** Encrypted, and the server's certificate comes from an authority that is trusted. */
        VERIFY_CA("verify-ca"),
        /** As {@link #VERIFY_CA}, and it is made out for the host we asked for. */
        VERIFY_FULL("verify-full");

        private final String keyword;

        Mode(String keyword) {
            this.keyword = keyword;
        }

        /** The value of {@code sslmode}, the same in libpq and in the JDBC driver. */
        public String keyword() {
            return keyword;
        }

        boolean alwaysEncrypts() {
            return compareTo(REQUIRE) >= 0;
        }

        boolean verifies() {
            return compareTo(VERIFY_CA) >= 0;
        }
    }

    /** Whose signature on a server's certificate is believed. */
    public sealed interface Trust {
        /** The authorities in this PEM file. */
        record Authorities(Path file) implements Trust {}

        /** The authorities that this Java installation trusts: {@code sslrootcert=system}. */
        record JavaTrustStore() implements Trust {}
    }

    /**
     * The client's own certificate and private key.
     *
     * @param key PKCS#8 (PEM without a passphrase, or DER), or PKCS#12, its entry named {@code user}, when there is no
     *     {@code certificate} file
     * @param certificate PEM
     * @param pemAlgorithm of a key in PEM, as {@link java.security.KeyFactory} calls it
     * @param passphrase of the key
     */
    public record ClientKey(
            Path key, Optional<Path> certificate, Optional<String> pemAlgorithm, Optional<Secret> passphrase) {}

    public Tls {
        if (mode.verifies() != trust.isPresent()) {
            throw new IllegalArgumentException("mode %s with trust %s".formatted(mode, trust));
        }
    }
}
