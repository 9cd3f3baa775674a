package dev.walshift.postgres.connect;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Works out {@link Tls} from the parameters and from the files in ~/.postgresql, as libpq does (initialize_SSL in
 * src/interfaces/libpq/fe-secure-openssl.c, "SSL Support" in the documentation), and within what the JDBC driver can read.
 */
final class TlsFiles {
    private static final String SYSTEM = "system";
    private static final Pattern PKCS8_PEM =
            Pattern.compile("\\s*-----BEGIN PRIVATE KEY-----([\\sA-Za-z0-9+/=]*)-----END PRIVATE KEY-----\\s*");
    private static final String CONVERT_KEY =
            "Convert it: openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW_KEY; or, to keep a passphrase, openssl pkcs12"
                    + " -export -name user -in CERTIFICATE -inkey KEY -out NEW_KEY.p12, with that as sslkey and the"
                    + " passphrase as sslpassword; or go without it: sslcertmode=disable";
    private static final List<String> KEY_ALGORITHMS = List.of("RSA", "EC", "RSASSA-PSS", "EdDSA");

    private final GivenParameters given;
    private final Path folder;

    private TlsFiles(GivenParameters given, Path home) {
        this.given = given;
        this.folder = home.resolve(".postgresql");
    }

    /** What to do about TLS; adds problems to {@code given}, and the answer then means nothing. */
    static Tls resolve(GivenParameters given, Path home) {
        return new TlsFiles(given, home).resolve();
    }

    private Tls resolve() {
        Tls.Mode mode = mode();
        if (given.value(Parameter.SSLNEGOTIATION).filter("direct"::equals).isPresent() && !mode.alwaysEncrypts()) {
            given.problem(
                    Parameter.SSLNEGOTIATION, "can be direct only with sslmode require, verify-ca or verify-full");
        }
        if (mode == Tls.Mode.DISABLE) {
            return new Tls(mode, Optional.empty(), Optional.empty());
        }
        Optional<Tls.ClientKey> clientKey = clientKey();
        if (wantsJavaTrustStore()) {
            return withJavaTrustStore(mode, clientKey);
        }
        Path authorities = file(Parameter.SSLROOTCERT, "root.crt");
        boolean present = Files.isRegularFile(authorities);
        if (mode.verifies() && !present) {
            given.problem(
                    ("sslmode %s needs the certificate of the server's authority, and there is no file %s: name it with"
                                    + " sslrootcert, or sslrootcert=system for the authorities Java trusts")
                            .formatted(mode.keyword(), authorities));
        }
        // "require" with a root certificate verifies: so says the documentation, for compatibility.
        Tls.Mode effective = mode == Tls.Mode.REQUIRE && present ? Tls.Mode.VERIFY_CA : mode;
        Optional<Tls.Trust> trust =
                effective.verifies() ? Optional.of(new Tls.Trust.Authorities(authorities)) : Optional.empty();
        return new Tls(effective, trust, clientKey);
    }

    /** verify-full is the default where the authorities are not the user's own: any of them may sign for any server. */
    private Tls.Mode mode() {
        String keyword = given.value(Parameter.SSLMODE).orElse(wantsJavaTrustStore() ? "verify-full" : "prefer");
        return Arrays.stream(Tls.Mode.values())
                .filter(mode -> mode.keyword().equals(keyword))
                .findFirst()
                .orElse(Tls.Mode.PREFER);
    }

    private boolean wantsJavaTrustStore() {
        return given.value(Parameter.SSLROOTCERT).filter(SYSTEM::equals).isPresent();
    }

    private Tls withJavaTrustStore(Tls.Mode mode, Optional<Tls.ClientKey> clientKey) {
        if (mode != Tls.Mode.VERIFY_FULL) {
            given.problem("sslmode %s is too weak with sslrootcert=system, where anybody's certificate is trusted: use"
                            .formatted(mode.keyword())
                    + " verify-full");
        }
        if (clientKey.isPresent()) {
            given.problem(
                    "the JDBC driver cannot send a client certificate (%s) with sslrootcert=system: name a file of"
                                    .formatted(clientKey.get().key())
                            + " authorities with sslrootcert, or set sslcertmode=disable");
        }
        return new Tls(Tls.Mode.VERIFY_FULL, Optional.of(new Tls.Trust.JavaTrustStore()), Optional.empty());
    }

    private Optional<Tls.ClientKey> clientKey() {
        if (given.value(Parameter.SSLCERTMODE).filter("disable"::equals).isPresent()) {
            return Optional.empty();
        }
        Path key = file(Parameter.SSLKEY, "postgresql.key");
        Optional<Secret> passphrase = given.nonEmpty(Parameter.SSLPASSWORD).map(Secret::new);
        if (isPkcs12(key)) {
            if (!Files.exists(key)) {
                given.problem("there is no client key %s".formatted(key));
            }
            return Optional.of(new Tls.ClientKey(key, Optional.empty(), Optional.empty(), passphrase));
        }
        Path certificate = file(Parameter.SSLCERT, "postgresql.crt");
        if (!Files.exists(certificate)) {
            // libpq goes on without one, even if it was named: the server may not want it.
            return Optional.empty();
        }
        if (!Files.exists(key)) {
            given.problem("there is a client certificate, %s, but not its key, %s: name it with sslkey"
                    .formatted(certificate, key));
            return Optional.empty();
        }
        Optional<String> pem = pem(key);
        Optional<String> pemAlgorithm = pem.flatMap(TlsFiles::algorithm);
        if (pem.isPresent() && pemAlgorithm.isEmpty()) {
            given.problem("client key %s is not in the one PEM form the JDBC driver reads, unencrypted PKCS#8. %s"
                    .formatted(key, CONVERT_KEY));
        }
        return Optional.of(new Tls.ClientKey(key, Optional.of(certificate), pemAlgorithm, passphrase));
    }

    private static boolean isPkcs12(Path key) {
        String name = key.toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".p12") || name.endsWith(".pfx");
    }

    /** The text of a key that is PEM, not DER. */
    private Optional<String> pem(Path key) {
        try {
            return Optional.of(Files.readString(key, StandardCharsets.ISO_8859_1))
                    .filter(text -> text.contains("-----BEGIN "));
        } catch (IOException e) {
            given.problem("client key %s cannot be read: %s".formatted(key, e));
            return Optional.empty();
        }
    }

    /** Empty unless the driver can read the key. It must be told the algorithm. */
    private static Optional<String> algorithm(String pem) {
        Matcher key = PKCS8_PEM.matcher(pem);
        if (!key.matches()) {
            return Optional.empty();
        }
        return KEY_ALGORITHMS.stream()
                .filter(algorithm -> isKeyOf(algorithm, key.group(1)))
                .findFirst();
    }

    private static boolean isKeyOf(String algorithm, String base64) {
        try {
            PKCS8EncodedKeySpec key =
                    new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(base64));
            KeyFactory.getInstance(algorithm).generatePrivate(key);
            return true;
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return false; // A key of another kind, or not base64.
        }
    }

    private Path file(Parameter parameter, String defaultName) {
        return given.nonEmpty(parameter).map(Path::of).orElse(folder.resolve(defaultName));
    }
}
