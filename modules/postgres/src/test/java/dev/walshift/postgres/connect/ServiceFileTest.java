package dev.walshift.postgres.connect;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceFileTest {
    @TempDir
    private Path home;

    private Surroundings surroundings;

    @BeforeEach
    void nameUserAndDatabase() {
        surroundings = new Surroundings(home).set("PGUSER", "app").set("PGDATABASE", "orders");
    }

    @Test
    void readsTheNamedSectionOnly() {
        surroundings.file(
                ".pg_service.conf",
                "# comment",
                "garbage outside",
                "[other]",
                "host=other",
                "  [prod] ",
                "",
                "  host=db1,db2  ",
                "port=1,2",
                "password=p = w",
                "# port=9",
                "[next]",
                "user=next",
                "[prod]",
                "user=again");

        ConnectionSettings settings = surroundings.resolve("service=prod");

        assertThat(settings.display()).isEqualTo("app@db1:1,db2:2/orders");
        assertThat(settings.endpoints().getFirst().password()).contains(new Secret("p = w"));
    }

    @Test
    void theFirstOfTwoLinesCounts() {
        surroundings.file(".pg_service.conf", "[prod]", "host=a", "host=b");

        assertThat(surroundings.resolve("service=prod").display()).isEqualTo("app@a:5432/orders");
    }

    @Test
    void pgservicefileReplacesTheOneAtHome() {
        surroundings
                .file(".pg_service.conf", "[prod]", "host=home")
                .file("elsewhere.conf", "[prod]", "host=elsewhere")
                .set("PGSERVICEFILE", home.resolve("elsewhere.conf").toString());

        assertThat(surroundings.resolve("service=prod").display()).isEqualTo("app@elsewhere:5432/orders");
        assertThat(surroundings
                        .resolve("service=prod servicefile=" + home.resolve(".pg_service.conf"))
                        .display())
                .isEqualTo("app@home:5432/orders");
    }

    @Test
    void theSystemsFileIsReadWhenTheUsersHasNoSuchService() {
        surroundings
                .file(".pg_service.conf", "[mine]", "host=mine")
                .file("etc/pg_service.conf", "[mine]", "host=wrong", "[shared]", "host=shared")
                .set("PGSYSCONFDIR", home.resolve("etc").toString());

        assertThat(surroundings.resolve("service=shared").display()).isEqualTo("app@shared:5432/orders");
        assertThat(surroundings.resolve("service=mine").display()).isEqualTo("app@mine:5432/orders");
    }

    @Test
    void aServiceThatIsNotThereIsAProblem() {
        assertThat(surroundings.problems("service=prod"))
                .singleElement()
                .asString()
                .contains("not defined in any file");
        surroundings.file(".pg_service.conf", "[production]", "host=x");
        assertThat(surroundings.problems("service=prod"))
                .singleElement()
                .asString()
                .startsWith("service \"prod\" is not defined in [" + home.resolve(".pg_service.conf"));
    }

    @Test
    void aNamedFileThatIsNotThereIsAProblem() {
        surroundings.set("PGSERVICEFILE", home.resolve("gone.conf").toString());

        assertThat(surroundings.problems("service=prod"))
                .singleElement()
                .asString()
                .contains("gone.conf cannot be read");
    }

    @ParameterizedTest
    @CsvSource({
        "hostname=hunter2, keyword of libpq",
        "password hunter2, keyword of libpq",
        "host = hunter2, no spaces around =",
        "ldap://hunter2/dc=x, LDAP",
        "service=hunter2, another service",
    })
    void aWrongLineIsNamedByNumberAndNotRepeated(String line, String problem) {
        surroundings.file(".pg_service.conf", "[prod]", "port=1", line);

        assertThat(surroundings.problems("service=prod"))
                .singleElement()
                .asString()
                .startsWith("line 3 of service file")
                .contains(problem)
                .doesNotContain("hunter2");
    }
}
