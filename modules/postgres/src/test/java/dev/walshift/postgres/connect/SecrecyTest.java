package dev.walshift.postgres.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No message and no toString shows a password, or a piece of one, however it was written. */
class SecrecyTest {
    private static final String PIECE = "Kx7q";

    @TempDir
    private Path home;

    private Surroundings surroundings;

    @BeforeEach
    void startEmpty() {
        surroundings = new Surroundings(home);
    }

    @Test
    void nothingPrintedShowsThePassword() {
        ConnectionSettings settings = surroundings
                .file("k.p12")
                .resolve(
                        "host=h user=app dbname=orders password=Kx7q sslpassword=Kx7q sslkey=" + home.resolve("k.p12"));

        assertThat(settings).hasToString("ConnectionSettings[app@h:5432/orders]");
        assertThat(settings.display()).isEqualTo("app@h:5432/orders");
        assertThat(settings.endpoints().toString()).isEqualTo("[h:5432]");
        assertThat(settings.tls().toString()).doesNotContain(PIECE);
        assertThat(settings.driverProperties().toString()).doesNotContain(PIECE);
        assertThat(new Secret(PIECE)).hasToString("(secret)");
        assertThat(new Secret(PIECE).reveal()).isEqualTo(PIECE);
    }

    @Test
    void aSecretIsEqualByValueAndNotEmpty() {
        assertThat(new Secret("a")).isEqualTo(new Secret("a")).hasSameHashCodeAs(new Secret("a"));
        assertThat(new Secret("a")).isNotEqualTo(new Secret("b"));
        assertThatThrownBy(() -> new Secret("")).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgresql://u:Kx7q@Kx7q@h:none/db",
                "postgresql://u:Kx7q/Kx7q@h/db",
                "postgresql://u:Kx7q?Kx7q@h/db",
                "postgresql://u:Kx7q?Kx7q/Kx7q@h/db",
                "postgresql://u:Kx7q/Kx7q?Kx7q=Kx7q@h/db",
                "postgresql://u:@Kx7q/h?Kx7q=Kx7q@h/db",
                "postgresql://u:Kx7q%Kx7q@h/db",
                "postgresql://u:Kx7q%00@h/db",
                "postgresql://u:Kx7q/db",
                "postgresql://u:Kx7q",
                "postgresql://u:[Kx7q/db",
                "postgresql://h/db?password=Kx7q&Kx7q",
                "postgresql://h/db?password=Kx7q&Kx7q=1",
                "postgresql://h/db?password=Kx7q=Kx7q",
                "postgresql://h/db?scram_client_key=Kx7q",
                "postgresql://h/db?password=Kx7q%Kx7q",
                "postgresql://u:Kx7q Kx7q@h/db",
                "jdbc:postgresql://h/db?password=Kx7q&Kx7q",
                "jdbc:postgresql://h/db?password=Kx7q&Kx7q=1",
                "jdbc:postgresql:u:Kx7q@h/db",
                "jdbc:oracle://u:Kx7q@h/db",
                " postgresql://u:Kx7q@h/db?sslmode=disable",
                "postgress://u:Kx7q@h/db?sslmode=disable",
                "u:Kx7q@h/db",
                "u:Kx7q@h/db?sslmode=disable",
                "password=Kx7q Kx7q host=h",
                "password=Kx7q Kx7q=1 host=h",
                "password='Kx7q'Kx7q=1 host=h",
                "password='Kx7q host=h",
                "password=Kx7q host=h port=none Kx7q",
                "host=h passwrod=Kx7q",
            })
    void noProblemShowsAPiece(String url) {
        assertThatThrownBy(() -> surroundings.resolve(url))
                .isInstanceOf(ConnectionSettingsException.class)
                .hasNoCause()
                .message()
                .doesNotContain(PIECE);
    }

    @Test
    void noPasswordWrittenWithoutEscapesIsShown() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<Function<String, String>> forms = List.of(
                "postgresql://app:%s@db.example.com:5432/orders?sslmode=disable"::formatted,
                "postgresql://app:%s@a,b/orders"::formatted,
                "postgresql://db.example.com/orders?user=app&password=%s&sslmode=disable"::formatted,
                "jdbc:postgresql://db.example.com/orders?user=app&password=%s&sslmode=disable"::formatted,
                "jdbc:postgresql://app:%s@db.example.com/orders"::formatted,
                "host=db.example.com password=%s user=app dbname=orders"::formatted,
                "password='%s' host=db.example.com user=app dbname=orders"::formatted);
        for (int i = 0; i < 20_000; i++) {
            String url = forms.get(random.nextInt(forms.size())).apply(password(random));
            assertThat(printed(url)).as("seed %d: %s", seed, url).doesNotContain(PIECE);
        }
    }

    private String printed(String url) {
        try {
            return surroundings.resolve(url).toString();
        } catch (ConnectionSettingsException e) {
            return e.toString();
        }
    }

    /** Pieces between characters that mean something in one of the forms. */
    private static String password(Random random) {
        String special = ":/?#[]@!$&'()*+,;=% \\\"";
        StringBuilder password = new StringBuilder();
        for (int pieces = 1 + random.nextInt(4); pieces > 0; pieces--) {
            password.append(PIECE).append(special.charAt(random.nextInt(special.length())));
        }
        return password.append(random.nextBoolean() ? PIECE : "").toString();
    }
}
