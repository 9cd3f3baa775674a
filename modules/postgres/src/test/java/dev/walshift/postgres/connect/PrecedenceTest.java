package dev.walshift.postgres.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrecedenceTest {
    @TempDir
    private Path home;

    private Surroundings surroundings;

    @BeforeEach
    void startEmpty() {
        surroundings = new Surroundings(home);
    }

    @Test
    void withoutAnythingItIsTheUsersOwnDatabaseOnThisMachine() {
        String user = System.getProperty("user.name");
        ConnectionSettings settings = surroundings.resolve();

        assertThat(settings.display()).isEqualTo(user + "@localhost:5432/" + user);
        assertThat(settings.target()).isEqualTo(TargetServer.ANY);
        assertThat(settings.tls().mode()).isEqualTo(Tls.Mode.PREFER);
        assertThat(settings.endpoints().getFirst().password()).isEmpty();
        assertThat(settings.driverProperties())
                .isEqualTo(Map.of(
                        "ApplicationName", "walshift",
                        "connectTimeout", "10",
                        "loginTimeout", "10",
                        "socketTimeout", "0",
                        "tcpKeepAlive", "true"));
    }

    @Test
    void theConnectionStringWinsOverTheServiceAndTheServiceOverTheEnvironment() {
        surroundings
                .file(".pg_service.conf", "[prod]", "host=service", "port=2", "dbname=service")
                .set("PGSERVICE", "prod")
                .set("PGHOST", "environment")
                .set("PGPORT", "3")
                .set("PGDATABASE", "environment")
                .set("PGUSER", "environment");

        assertThat(surroundings.resolve("host=string").display()).isEqualTo("environment@string:2/service");
    }

    @Test
    void theServiceInTheConnectionStringWinsOverPgservice() {
        surroundings.file(".pg_service.conf", "[a]", "host=a", "[b]", "host=b").set("PGSERVICE", "a");

        assertThat(surroundings.resolve("user=u service=b").display()).isEqualTo("u@b:5432/u");
    }

    @Test
    void theDatabaseDefaultsToTheUser() {
        assertThat(surroundings.set("PGUSER", "app").resolve().display()).isEqualTo("app@localhost:5432/app");
    }

    @Test
    void readsTheEnvironment() {
        ConnectionSettings settings = surroundings
                .set("PGHOST", "h")
                .set("PGPASSWORD", "secret")
                .set("PGAPPNAME", "mine")
                .set("PGCONNECT_TIMEOUT", " 7 ")
                .set("PGOPTIONS", "-c geqo=off")
                .set("PGTARGETSESSIONATTRS", "read-write")
                .set("PGCHANNELBINDING", "disable")
                .set("PGREQUIREAUTH", "scram-sha-256")
                .set("PGGSSENCMODE", "disable")
                .set("PGSSLMODE", "require")
                .set("PGCLIENTENCODING", "latin1")
                .resolve();

        assertThat(settings.endpoints().getFirst().password()).contains(new Secret("secret"));
        assertThat(settings.target()).isEqualTo(TargetServer.PRIMARY);
        assertThat(settings.tls().mode()).isEqualTo(Tls.Mode.REQUIRE);
        assertThat(settings.driverProperties())
                .containsAllEntriesOf(Map.of(
                        "ApplicationName", "mine",
                        "connectTimeout", "7",
                        "options", "-c geqo=off",
                        "channelBinding", "disable",
                        "requireAuth", "scram-sha-256",
                        "gssEncMode", "disable"));
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "-1, 0", "30, 30"})
    void noConnectTimeoutIsNoLimit(String given, String seconds) {
        assertThat(surroundings.set("PGCONNECT_TIMEOUT", given).resolve().driverProperties())
                .containsEntry("connectTimeout", seconds)
                .containsEntry("loginTimeout", seconds);
    }

    @Test
    void severalHostsMeanThePrimaryUnlessToldOtherwise() {
        surroundings.set("PGHOST", "a,b");
        assertThat(surroundings.resolve().target()).isEqualTo(TargetServer.PRIMARY);
        assertThat(surroundings.resolve("target_session_attrs=any").target()).isEqualTo(TargetServer.ANY);
        assertThat(surroundings.resolve("target_session_attrs=standby").target())
                .isEqualTo(TargetServer.STANDBY);
    }

    @Test
    void theFallbackApplicationNameIsWeakerThanTheEnvironments() {
        String url = "fallback_application_name=fallback";
        assertThat(surroundings.resolve(url).driverProperties()).containsEntry("ApplicationName", "fallback");
        surroundings.set("PGAPPNAME", "mine");
        assertThat(surroundings.resolve(url).driverProperties()).containsEntry("ApplicationName", "mine");
    }

    @Test
    void theOldWishForEncryptionIsHeard() {
        surroundings.set("PGREQUIRESSL", "1");
        assertThat(surroundings.resolve().tls().mode()).isEqualTo(Tls.Mode.REQUIRE);
        assertThat(surroundings.set("PGSSLMODE", "disable").resolve().tls().mode())
                .isEqualTo(Tls.Mode.DISABLE);
    }

    @Test
    void allProblemsAreToldAtOnce() {
        surroundings
                .set("PGPORT", "none")
                .set("PGSSLMODE", "on")
                .set("PGCONNECT_TIMEOUT", "soon")
                .set("PGSSLCRL", "/etc/crl")
                .set("PGTARGETSESSIONATTRS", "master")
                .set("PGHOST", "/var/run/postgresql")
                .set("PGSERVICE", "gone");

        assertThatThrownBy(() -> surroundings.resolve("postgresql://?sslmod=x&sslcompression=1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("unknown parameter \"sslmod\"")
                .hasMessageContaining(
                        "sslcompression is not supported by the JDBC driver (other than 0): leave it out, got \"1\"")
                .hasMessageContaining("port must be a number from 1 to 65535")
                .hasMessageContaining("got \"none\" from PGPORT")
                .hasMessageContaining(
                        "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full, got"
                                + " \"on\" from PGSSLMODE")
                .hasMessageContaining("connect_timeout must be a whole number of seconds")
                .hasMessageContaining("sslcrl is not supported by the JDBC driver: leave it out")
                .hasMessageContaining("target_session_attrs must be one of")
                .hasMessageContaining("host=localhost")
                .hasMessageContaining("service \"gone\" is not defined");
    }

    @Test
    void aUriInPgdatabaseIsRefused() {
        surroundings.set("PGUSER", "app").set("PGDATABASE", "postgresql://u:hunter2@h/db");

        assertThatThrownBy(surroundings::resolve)
                .hasMessageContaining("give it as the connection string")
                .hasMessageNotContaining("hunter2");
    }

    @ParameterizedTest
    @CsvSource({"PGSSLCOMPRESSION, 0", "PGSSLSNI, 1", "PGLOADBALANCEHOSTS, disable", "PGSSLMINPROTOCOLVERSION, TLSv1.2"
    })
    void valuesThatAskForNothingAreFine(String variable, String value) {
        assertThat(surroundings.set("PGUSER", "app").set(variable, value).problems())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "PGSSLSNI, 0",
        "PGLOADBALANCEHOSTS, random",
        "PGSSLMINPROTOCOLVERSION, TLSv1.3",
        "PGSSLCERTMODE, require"
    })
    void wishesTheDriverCannotFulfilAreRefused(String variable, String value) {
        assertThat(surroundings.set(variable, value).problems())
                .singleElement()
                .asString()
                .contains("\"" + value + "\" from " + variable);
    }
}
