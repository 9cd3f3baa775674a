package dev.walshift.postgres.connect;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PasswordFileTest {
    @TempDir
    private Path home;

    private Surroundings surroundings;

    @BeforeEach
    void startEmpty() {
        surroundings = new Surroundings(home);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "h:5432:orders:app:plain           | plain",
                "*:*:*:*:any                       | any",
                "h:*:orders:*:some                 | some",
                "h:5432:orders:app:a\\:b\\\\c      | a:b\\c",
                "h:5432:orders:app:until:here      | until",
                "h:5432:orders:app:tail\\          | tail\\",
                "h:5432:orders:app: spaces stay    | \" spaces stay\"",
                "\\h:54\\32:orders:app:needless    | needless",
                "other:5432:orders:app:no          | ",
                "h:5433:orders:app:no              | ",
                "h:5432:order:app:no               | ",
                "h:5432:orders:ap:no               | ",
                "h:5432:orders:\\*:no              | ",
                "h:5432:orders:*app:no             | ",
                "h:5432:orders:app                 | ",
                "h:5432:orders:app:                | ",
                "# h:5432:orders:app:no            | ",
                "#:5432:orders:app:no              | ",
            })
    void matchesHostPortDatabaseAndUser(String line, String password) {
        surroundings.file(".pgpass", line);

        assertThat(surroundings
                        .resolve("host=h user=app dbname=orders")
                        .endpoints()
                        .getFirst()
                        .password())
                .isEqualTo(Optional.ofNullable(password).map(Secret::new));
    }

    @Test
    void aLineThatStartsWithAHashIsAComment() {
        surroundings.file(".pgpass", "#:5432:*:*:secret", "\\#:5432:*:*:escaped");

        assertThat(password("host=# user=app")).contains(new Secret("escaped"));
    }

    @Test
    void escapesNamesWithColonsAndBackslashes() {
        surroundings.file(".pgpass", "\\:\\:1:5432:or\\:ders:a\\\\pp:secret");

        assertThat(password("host=::1 user=a\\\\pp dbname=or:ders")).contains(new Secret("secret"));
    }

    @Test
    void theFirstLineThatMatchesCounts() {
        surroundings.file(".pgpass", "*:*:*:other:zero", "*:*:*:app:one", "h:5432:orders:app:two");

        assertThat(password("host=h user=app dbname=orders")).contains(new Secret("one"));
    }

    @Test
    void anEmptyPasswordInTheFirstLineThatMatchesIsNone() {
        surroundings.file(".pgpass", "*:*:*:app:", "*:*:*:*:two");

        assertThat(password("host=h user=app")).isEmpty();
    }

    @Test
    void eachServerHasItsOwn() {
        surroundings.file(".pgpass", "a:*:*:*:of-a", "c:3:*:*:of-c");

        assertThat(surroundings.resolve("host=a,b,c port=1,2,3 user=app").endpoints())
                .extracting(Endpoint::password)
                .containsExactly(Optional.of(new Secret("of-a")), Optional.empty(), Optional.of(new Secret("of-c")));
    }

    @Test
    void aHostThatIsNotNamedIsLocalhost() {
        surroundings.file(".pgpass", "localhost:*:*:*:secret");

        assertThat(password("user=app")).contains(new Secret("secret"));
    }

    @Test
    void anyOtherPasswordComesFirst() {
        surroundings.file(".pgpass", "*:*:*:*:file").set("PGPASSWORD", "environment");

        assertThat(password("user=app")).contains(new Secret("environment"));
        assertThat(password("user=app password=string")).contains(new Secret("string"));
        assertThat(password("user=app password=''")).contains(new Secret("file"));
    }

    @Test
    void pgpassfileReplacesTheOneAtHomeAndPassfileBoth() {
        surroundings
                .file(".pgpass", "*:*:*:*:home")
                .file("two", "*:*:*:*:environment")
                .file("three", "*:*:*:*:string")
                .set("PGPASSFILE", home.resolve("two").toString());

        assertThat(password("user=app")).contains(new Secret("environment"));
        assertThat(password("user=app passfile=" + home.resolve("three"))).contains(new Secret("string"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rw------x"})
    void aFileOthersHaveAccessToIsIgnoredWithAWarning(String permissions) {
        surroundings.file(".pgpass", "*:*:*:*:hunter2").permissions(".pgpass", permissions);

        assertThat(password("user=app")).isEmpty();
        assertThat(surroundings.warnings())
                .singleElement()
                .asString()
                .contains(home.resolve(".pgpass").toString(), "chmod 600")
                .doesNotContain("hunter2");
    }

    @Test
    void aFileThatMayNotBeWrittenIsFine() {
        surroundings.file(".pgpass", "*:*:*:*:secret").permissions(".pgpass", "r--------");

        assertThat(password("user=app")).contains(new Secret("secret"));
        assertThat(surroundings.warnings()).isEmpty();
    }

    @Test
    void aFolderIsIgnoredWithAWarning() {
        assertThat(password("user=app passfile=" + home)).isEmpty();
        assertThat(surroundings.warnings()).singleElement().asString().contains("not a plain file");
    }

    @Test
    void noFileIsNoWarning() {
        assertThat(password("user=app passfile=" + home.resolve("gone"))).isEmpty();
        assertThat(surroundings.warnings()).isEmpty();
    }

    private Optional<Secret> password(String url) {
        return surroundings.resolve(url).endpoints().getFirst().password();
    }
}
