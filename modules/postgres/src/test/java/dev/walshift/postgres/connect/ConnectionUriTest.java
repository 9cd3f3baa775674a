package dev.walshift.postgres.connect;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectionUriTest {
    @TempDir
    private Path home;

    private Surroundings surroundings;

    @BeforeEach
    void nameUserAndDatabase() {
        surroundings = new Surroundings(home).set("PGUSER", "app").set("PGDATABASE", "orders");
    }

    /** The accepted part of libpq's own list, src/interfaces/libpq/t/001_uri.pl, and more. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "postgresql://uri-user:secret@host:12345/db | uri-user@host:12345/db",
                "postgres://uri-user@host/db                | uri-user@host:5432/db",
                "postgresql://host:12345/                   | app@host:12345/orders",
                "postgresql://host                          | app@host:5432/orders",
                "postgresql://                              | app@localhost:5432/orders",
                "postgres:///db                             | app@localhost:5432/db",
                "postgres://uri-user@/db                    | uri-user@localhost:5432/db",
                "postgres://@host                           | app@host:5432/orders",
                "postgres://host:/                          | app@host:5432/orders",
                "postgres://:12345/                         | app@localhost:12345/orders",
                "postgresql://%68ost/                       | app@host:5432/orders",
                "postgresql://host?                         | app@host:5432/orders",
                "postgresql://host/db?user=uri-user&port=1  | uri-user@host:1/db",
                "postgresql://host/db?u%73er=other          | other@host:5432/db",
                "postgresql://host/db?dbname=second         | app@host:5432/second",
                "postgresql://host/db?user=me@corp          | me@corp@host:5432/db",
                "postgresql://[::1]:12345/db                | app@[::1]:12345/db",
                "postgresql://[2001:db8::1234]              | app@[2001:db8::1234]:5432/orders",
                "postgresql://?hostaddr=127.0.0.1           | app@127.0.0.1:5432/orders",
                "postgresql://a,b:2,[::1]:3/db              | app@a:5432,b:2,[::1]:3/db",
                "postgresql://a,b/db?port=7                 | app@a:7,b:7/db",
                "postgresql://u%40x:p@h/a%2Fb%3Fc           | u@x@h:5432/a/b?c",
                "postgresql://h/caf%C3%A9                   | app@h:5432/café",
                "jdbc:postgresql://host:1/db                | app@host:1/db",
                "jdbc:postgresql://a:1,b:2/db?user=me       | me@a:1,b:2/db",
                "jdbc:postgresql:db                         | app@localhost:5432/db",
                "jdbc:postgresql:/                          | app@localhost:5432/orders",
                "jdbc:postgresql://host/my+db               | app@host:5432/my db",
            })
    void namesHostPortDatabaseAndUser(String uri, String expected) {
        assertThat(surroundings.resolve(uri).display()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "postgresql://u:s%40c%3Ar%2Fe%25t@h | s@c:r/e%t",
                "postgresql://u:a:b@h               | a:b",
                "postgresql://u:a#b+c@h             | a#b+c",
                "postgresql://u@h?password=p+q      | p+q",
                "jdbc:postgresql://h/?password=p+q  | p q",
                "jdbc:postgresql://h/?password=a=b  | a=b",
            })
    void decodesPasswords(String uri, String expected) {
        assertThat(surroundings.resolve(uri).endpoints().getFirst().password()).contains(new Secret(expected));
    }

    @Test
    void anEmptyPasswordIsNone() {
        assertThat(surroundings
                        .resolve("postgresql://u:@h")
                        .endpoints()
                        .getFirst()
                        .password())
                .isEmpty();
    }

    @Test
    void theLastOfTwoValuesCounts() {
        assertThat(surroundings.resolve("postgresql://h?user=a&user=b").user()).isEqualTo("b");
    }

    @ParameterizedTest
    @CsvSource({
        "postgresql://h?ssl=true, require",
        "postgresql://h?sslmode=disable, disable",
        "jdbc:postgresql://h/?sslmode=allow, allow",
    })
    void knowsTheDriversSslParameter(String uri, String mode) {
        assertThat(surroundings.resolve(uri).tls().mode().keyword()).isEqualTo(mode);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ssl", "ssl=true"})
    void sslInAJdbcUrlVerifies(String parameter) {
        surroundings.file(".postgresql/root.crt");
        assertThat(surroundings
                        .resolve("jdbc:postgresql://h/?" + parameter)
                        .tls()
                        .mode())
                .isEqualTo(Tls.Mode.VERIFY_FULL);
    }

    @Test
    void translatesTheDriversWords() {
        ConnectionSettings settings = surroundings.resolve("jdbc:postgresql://h/?ApplicationName=x&connectTimeout=3"
                + "&targetServerType=preferSecondary&tcpKeepAlive=false&channelBinding=require&options=-c%20geqo=off");

        assertThat(settings.target()).isEqualTo(TargetServer.PREFER_STANDBY);
        assertThat(settings.driverProperties())
                .containsAllEntriesOf(Map.of(
                        "ApplicationName", "x",
                        "connectTimeout", "3",
                        "loginTimeout", "3",
                        "tcpKeepAlive", "false",
                        "channelBinding", "require",
                        "options", "-c geqo=off"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "postgresql://host/db?u%7aer=x       | unknown parameter \"uzer\"",
                "postgresql://host/db?ApplicationName=x | unknown parameter \"ApplicationName\"",
                "postgre://host                      | with none of postgresql://",
                "jdbc:mysql://host/db                | with none of postgresql://",
                "postgres://[::1                     | [address]",
                "postgres://[]                       | [address]",
                "postgres://[::1]z                   | [address]",
                "postgres://::1/db                   | an IPv6 address stands in brackets",
                "postgresql://host?zzz               | has no =",
                "postgresql://host?user=key=value    | the value of user",
                "postgres://host?dbname=%XXfoo       | not followed by two hexadecimal digits",
                "postgresql://a%00b                  | %00",
                "postgresql://%1                     | not followed by two hexadecimal digits",
                "postgresql://%                      | not followed by two hexadecimal digits",
                "postgresql://h/%FF                  | not UTF-8",
                "postgresql://h:0                    | must be a number from 1 to 65535",
                "postgresql://h:65536                | must be a number from 1 to 65535",
                "postgresql://a,b,c?port=1,2         | 2 ports are given for 3 hosts",
                "postgresql://h/a b                  | raw space",
                "postgresql://h/a@b                  | an @ that does not end",
                "postgresql://u:p@ss@h/db            | an @ that does not end",
                "postgresql://u:p/ss@h/db            | an @ that does not end",
                "postgresql://u:p?ss@h/db            | a raw ? before its @",
                "postgres://%2Fvar%2Frun/db          | Unix socket",
                "postgres://h/db?host=/var/run       | Unix socket",
                "postgres://h?hostaddr=1.2.3.4       | hostaddr (PGHOSTADDR) beside host",
            })
    void refuses(String uri, String problem) {
        assertThat(surroundings.problems(uri)).singleElement().asString().contains(problem);
    }

    @ParameterizedTest
    @CsvSource({
        "sslmod, sslmode",
        "passwrod, password",
        "db, user",
        "aplication_name, application_name",
        "connecttimeout, connect_timeout",
        "TargetSessionAttrs, target_session_attrs",
    })
    void offersTheNearestKnownParameter(String given, String nearest) {
        assertThat(Parameter.nearest(given, false)).isEqualTo(nearest);
        assertThat(surroundings.problems("postgresql://h?" + given + "=x"))
                .containsExactly("unknown parameter \"%s\" in the connection string; the nearest known one is \"%s\""
                        .formatted(given, nearest));
    }

    @Test
    void offersTheDriversNamesInAJdbcUrlOnly() {
        assertThat(Parameter.nearest("applicationNames", true)).isEqualTo("ApplicationName");
        assertThat(Parameter.nearest("applicationNames", false)).isEqualTo("application_name");
    }

    @Test
    void saysWhichFormsThereAreWhenTheStringIsBlank() {
        assertThat(surroundings.problems(" ")).singleElement().asString().contains("PGHOST");
        assertThat(ConnectionSettings.resolve(Optional.empty(), Map.of("PGUSER", "app"), home, warning -> {})
                        .display())
                .isEqualTo("app@localhost:5432/app");
    }
}
