package dev.walshift.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the doctor says, and the code it ends with. */
class DoctorCommandTest {
    private final TestDatabase database = SharedServers.freshDatabase();

    @BeforeEach
    void migrate() throws SQLException {
        database.execute("CREATE TABLE orders (id int PRIMARY KEY)");
        Cli.Result migrated = walshift("run", "--table", "orders", "--alter", "ALTER id TYPE bigint");
        assertThat(migrated.exitCode()).as(migrated.err()).isZero();
    }

    @AfterEach
    void dropDatabase() throws SQLException {
        database.close();
    }

    private Cli.Result walshift(String... args) {
        String[] all = new String[args.length + 2];
        System.arraycopy(args, 0, all, 0, args.length);
        all[args.length] = "--url";
        all[args.length + 1] = database.url();
        return Cli.bare().run(all);
    }

    @Test
    void aKeptTableIsToldAndIsNoFault() throws Exception {
        Cli.Result text = walshift("doctor");

        assertThat(text.exitCode()).as(text.err()).isZero();
        assertThat(text.out())
                .containsSubsequence(
                        "Kept: \"walshift_1_retired\".\"orders\"",
                        "What to do: ",
                        "DROP TABLE",
                        "Nothing is left behind.");
        assertThat(walshift("doctor", "--json").json().path("healthy").asBoolean())
                .isTrue();
    }

    @Test
    void tellsWhatIsLeftAndCleansItWhenAskedTo() throws Exception {
        database.execute(
                "SELECT pg_create_logical_replication_slot(format('walshift_%s_1', oid), 'pgoutput') FROM pg_database"
                        + " WHERE datname = current_database()",
                "DROP TABLE walshift_1_retired.orders");

        Cli.Result found = walshift("doctor", "--json");
        Cli.Result cleaned = walshift("doctor", "--clean", "--json");
        Cli.Result again = walshift("doctor", "--clean");

        assertThat(found.exitCode()).isEqualTo(6);
        assertThat(found.json().path("healthy").asBoolean()).isFalse();
        assertThat(found.json().path("treated")).isEmpty();
        assertThat(found.json().path("findings"))
                .extracting(finding -> finding.path("kind").asText())
                .containsExactly("SLOT", "SCHEMA");
        assertThat(found.json().at("/findings/0/migration").asLong()).isEqualTo(1);
        assertThat(found.json().at("/findings/0/cleanable").asBoolean()).isTrue();
        assertThat(cleaned.exitCode()).as(cleaned.err()).isZero();
        assertThat(cleaned.json().path("treated"))
                .hasSize(2)
                .allMatch(treated -> treated.path("failure").isNull());
        assertThat(cleaned.json().path("findings")).isEmpty();
        assertThat(again.out()).isEqualTo("Nothing is left behind.%n".formatted());
    }

    @Test
    void saysWhatItCouldNotMend() throws Exception {
        database.execute(
                "CREATE FUNCTION walshift_1_retired.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "DROP TABLE walshift_1_retired.orders");

        Cli.Result text = walshift("doctor", "--clean");
        JsonNode json = walshift("doctor", "--clean", "--json").json();

        assertThat(text.exitCode()).isEqualTo(6);
        assertThat(text.out()).containsSubsequence("Not mended (", "mine()", "Found: ", "What to do: ");
        assertThat(json.at("/treated/0/failure").asText()).contains("mine()");
    }
}
