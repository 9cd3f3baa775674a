package dev.walshift.postgres.connect;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TlsFilesTest {
    @TempDir
    private Path home;

    private Surroundings surroundings;

    @BeforeEach
    void nameTheUser() {
        surroundings = new Surroundings(home).set("PGUSER", "app");
    }

    @ParameterizedTest
    @EnumSource(Tls.Mode.class)
    void theDriverIsToldTheSameMode(Tls.Mode mode) {
        String url = "sslrootcert='%s' sslmode=%s".formatted(mode.verifies() ? authorities() : "", mode.keyword());

        assertThat(surroundings.resolve(url).tls().mode()).isEqualTo(mode);
        assertThat(driverProperties(url)).containsEntry("sslmode", mode.keyword());
    }

    @Test
    void requireVerifiesWhenThereIsARootCertificate() {
        surroundings.file(".postgresql/root.crt");

        Tls tls = surroundings.resolve("sslmode=require").tls();

        assertThat(tls.mode()).isEqualTo(Tls.Mode.VERIFY_CA);
        assertThat(tls.trust()).contains(new Tls.Trust.Authorities(home.resolve(".postgresql/root.crt")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"allow", "prefer"})
    void weakModesDoNotVerify(String mode) {
        surroundings.file(".postgresql/root.crt");

        assertThat(surroundings.resolve("sslmode=" + mode).tls().trust()).isEmpty();
    }

    @Test
    void theNamedRootCertificateReplacesTheOneAtHome() {
        surroundings.file(".postgresql/root.crt");

        assertThat(driverProperties("sslmode=verify-full sslrootcert=" + authorities()))
                .containsEntry("sslmode", "verify-full")
                .containsEntry("sslrootcert", home.resolve("ca.pem").toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"verify-ca", "verify-full"})
    void verifyingWithoutARootCertificateIsAProblem(String mode) {
        assertThat(surroundings.problems("sslmode=" + mode))
                .singleElement()
                .asString()
                .contains(home.resolve(".postgresql/root.crt").toString(), "sslrootcert=system");
    }

    @Test
    void systemMeansJavasAuthoritiesAndVerifyFull() {
        assertThat(surroundings.resolve("sslrootcert=system").tls().mode()).isEqualTo(Tls.Mode.VERIFY_FULL);
        assertThat(driverProperties("sslrootcert=system"))
                .containsEntry("sslmode", "verify-full")
                .containsEntry("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory")
                .doesNotContainKey("sslrootcert");
    }

    @ParameterizedTest
    @ValueSource(strings = {"allow", "prefer", "require", "verify-ca"})
    void systemIsRefusedWithLess(String mode) {
        assertThat(surroundings.problems("sslrootcert=system sslmode=" + mode))
                .singleElement()
                .asString()
                .contains("sslmode " + mode + " is too weak");
    }

    @Test
    void systemIsRefusedWithAClientCertificate() throws Exception {
        surroundings.file("client.crt").file("client.key", pem("RSA"));

        assertThat(surroundings.problems("sslrootcert=system " + client("client.key")))
                .singleElement()
                .asString()
                .contains("sslcertmode=disable");
        assertThat(surroundings.problems("sslrootcert=system sslcertmode=disable " + client("client.key")))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"RSA, RSA", "EC, EC", "Ed25519, EdDSA"})
    void tellsTheDriverTheAlgorithmOfAPemKey(String generated, String algorithm) throws Exception {
        surroundings.file("client.crt").file("client.key", pem(generated));

        assertThat(driverProperties(client("client.key")))
                .containsEntry("sslcert", home.resolve("client.crt").toString())
                .containsEntry("sslkey", home.resolve("client.key").toString())
                .containsEntry("pemKeyAlgorithm", algorithm);
    }

    @Test
    void takesTheClientCertificateAtHome() throws Exception {
        surroundings.file(".postgresql/postgresql.crt").file(".postgresql/postgresql.key", pem("RSA"));

        assertThat(driverProperties("sslmode=prefer"))
                .containsEntry(
                        "sslcert", home.resolve(".postgresql/postgresql.crt").toString())
                .containsEntry(
                        "sslkey", home.resolve(".postgresql/postgresql.key").toString());
    }

    @Test
    void keepsTheDriverFromFilesOfItsOwn() {
        assertThat(driverProperties("sslmode=prefer"))
                .containsEntry("sslcert", "")
                .containsEntry("sslkey", "")
                .containsEntry("sslpassword", "")
                .containsEntry("password", "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PRIVATE KEY"})
    void aPemKeyTheDriverCannotReadIsAProblem(String header) {
        surroundings
                .file("client.crt")
                .file("client.key", "-----BEGIN " + header + "-----", "AAAA", "-----END " + header + "-----");

        assertThat(surroundings.problems(client("client.key")))
                .singleElement()
                .asString()
                .contains(home.resolve("client.key").toString(), "openssl pkcs8 -topk8 -nocrypt");
    }

    @Test
    void aDerKeyMayHaveAPassphrase() {
        surroundings.file("client.crt").file("client.pk8", "\u0000\u0001");
        String url = client("client.pk8") + " sslpassword=hunter2";

        assertThat(driverProperties(url))
                .containsEntry("sslpassword", "hunter2")
                .doesNotContainKey("pemKeyAlgorithm");
        assertThat(surroundings.resolve(url).tls().toString())
                .contains("client.pk8")
                .doesNotContain("hunter2");
    }

    @Test
    void aPkcs12FileHoldsTheCertificateToo() {
        String url = "sslpassword=hunter2 sslkey=" + home.resolve("client.P12");
        assertThat(surroundings.problems(url)).singleElement().asString().contains("there is no client key");

        surroundings.file("client.P12");

        assertThat(driverProperties(url))
                .containsEntry("sslkey", home.resolve("client.P12").toString())
                .containsEntry("sslcert", "")
                .containsEntry("sslpassword", "hunter2");
    }

    @Test
    void aCertificateWithoutItsKeyIsAProblem() {
        surroundings.file("client.crt");

        assertThat(surroundings.problems(client("gone.key")))
                .singleElement()
                .asString()
                .contains("gone.key");
    }

    @Test
    void aCertificateThatIsNotThereIsNotSent() {
        assertThat(surroundings.resolve("sslcert=/nowhere/client.crt").tls().clientKey())
                .isEmpty();
    }

    @Test
    void withoutTlsNoFileMatters() {
        surroundings.file("client.crt").file("client.key", "-----BEGIN RSA PRIVATE KEY-----");

        assertThat(surroundings
                        .resolve(client("client.key") + " sslmode=disable")
                        .tls())
                .isEqualTo(new Tls(Tls.Mode.DISABLE, Optional.empty(), Optional.empty()));
    }

    @Test
    void directNegotiationNeedsEncryption() {
        assertThat(surroundings.problems("sslnegotiation=direct"))
                .singleElement()
                .asString()
                .contains("require");
        assertThat(driverProperties("sslnegotiation=direct sslmode=require")).containsEntry("sslNegotiation", "direct");
    }

    private Properties driverProperties(String url) {
        ConnectionSettings settings = surroundings.resolve(url);
        return DriverProperties.of(settings, settings.endpoints().getFirst());
    }

    private Path authorities() {
        surroundings.file("ca.pem");
        return home.resolve("ca.pem");
    }

    private String client(String key) {
        return "sslcert=%s sslkey=%s".formatted(home.resolve("client.crt"), home.resolve(key));
    }

    private static String pem(String algorithm) throws Exception {
        byte[] encoded = KeyPairGenerator.getInstance(algorithm)
                .generateKeyPair()
                .getPrivate()
                .getEncoded();
        String base64 = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                .encodeToString(encoded);
        return "-----BEGIN PRIVATE KEY-----\n" + base64 + "\n-----END PRIVATE KEY-----";
    }
}
