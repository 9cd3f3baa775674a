package dev.walshift.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be told without a server. */
class CommandLineTest {
    /** Nothing listens there: the port of "discard" needs root and a service nobody runs. */
    private static final String NOBODY = "postgresql://app@127.0.0.1:9/shop";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "help",
                "plan --help",
                "run --help",
                "resume --help",
                "status --help",
                "demo --help",
                "help run"
            })
    void helpIsNoError(String args) {
        Cli.Result result = Cli.bare().run(args.split(" "));

        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).contains("Usage: walshift");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void helpNamesTheExitCodes() {
        assertThat(Cli.bare().run("--help").out()).containsSubsequence("Exit codes:", "0", "2", "3", "4", "5");
    }

    @Test
    void versionNamesWalshiftAndJava() {
        Cli.Result result = Cli.bare().run("--version");

        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).matches("walshift .+, Java .+\\R");
    }

    @Test
    void noCommandIsWrongUsage() {
        Cli.Result result = Cli.bare().run();

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("Usage: walshift", "Exit codes:");
    }

    @Test
    void misspeltCommandIsNamedWithWhatMayBeMeant() {
        Cli.Result result = Cli.bare().run("statsu");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("statsu").contains("status");
    }

    @Test
    void limitsWithoutUnitsAreRefusedAllAtOnce() {
        Cli.Result result = Cli.bare()
                .run("run", "--alter", "ALTER TABLE a DROP COLUMN b", "--max-slot-wal", "50", "--max-time", "2");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err())
                .contains(
                        "--max-slot-wal: a size with its unit (kB, MB, GB or TB), such as 50GB, or off is expected,"
                                + " got: 50",
                        "--max-time: a time with its unit (s, min, h or d), such as 90min, or off is expected, got: 2");
    }

    @Test
    void misspeltOptionIsNamedWithWhatMayBeMeant() {
        Cli.Result result = Cli.bare().run("run", "--tabel", "orders");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("--tabel").contains("--table");
    }

    @Test
    void allThatIsWrongIsToldAtOnce(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("migration.yaml");
        Files.writeString(file, """
            tabel: orders
            using: nonsense
            """);

        Cli.Result result = Cli.bare().run("run", "--config", file.toString(), "--using", "a,b", "--workers", "65");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err().lines())
                .containsExactly(
                        "walshift: %s: unknown key 'tabel'; did you mean 'table'?".formatted(file),
                        "walshift: %s: using: column=expression is expected, got: nonsense".formatted(file),
                        "walshift: --using: column=expression is expected, got: a,b",
                        "walshift: nothing to change: give --alter, --column-order, --tablespace, --rebuild or"
                                + " --target-ddl, here or in the configuration file",
                        "walshift: no table: give --table, or a whole ALTER TABLE statement in --alter",
                        "walshift: workers must be a whole number from 1 to 64, got 65",
                        "Try 'walshift run --help'.");
    }

    @Test
    void aTableIsNeededUnlessTheStatementNamesIt() {
        assertThat(Cli.bare().run("plan", "--alter", "DROP COLUMN a"))
                .satisfies(result -> assertThat(result.exitCode()).isEqualTo(2))
                .satisfies(result -> assertThat(result.err()).contains("no table: give --table"));
        assertThat(Cli.bare().run("plan", "--url", NOBODY, "--alter", "ALTER TABLE orders DROP COLUMN a"))
                .satisfies(result -> assertThat(result.err()).doesNotContain("no table"));
    }

    @Test
    void theNewTablesOwnDdlIsAFileAndGoesAlone(@TempDir Path folder) throws IOException {
        Path empty = Files.writeString(folder.resolve("empty.sql"), " \n");
        Path missing = folder.resolve("missing.sql");

        Cli.Result result = Cli.bare()
                .run("plan", "--table", "orders", "--target-ddl", missing.toString(), "--alter", "DROP COLUMN a");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err().lines())
                .containsExactly(
                        "walshift: --target-ddl gives the whole new table: give either it, or --alter and"
                                + " --column-order",
                        "walshift: target-ddl: %s: no such file".formatted(missing),
                        "Try 'walshift plan --help'.");
        assertThat(Cli.bare()
                        .run("run", "--table", "orders", "--target-ddl", empty.toString())
                        .err())
                .contains("walshift: target-ddl: %s is empty".formatted(empty));
    }

    @Test
    void aFileThatIsNotThereIsWrongUsage() {
        Cli.Result result = Cli.bare().run("plan", "--config", "/nonexistent/migration.yaml");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("/nonexistent/migration.yaml: no such file");
    }

    @Test
    void aUrlThatIsNoneIsWrongUsage() {
        Cli.Result result = Cli.bare().run("status", "--url", "mysql://db.example/shop");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("postgresql://").contains("Try 'walshift status --help'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"plan --table t --alter x", "status", "doctor"})
    void aServerThatCantBeReachedIsAFailureThatTouchedNothing(String args) throws IOException {
        Cli.Result result = Cli.bare().run((args + " --json --url " + NOBODY).split(" "));

        assertThat(result.exitCode()).isEqualTo(4);
        assertThat(result.err())
                .contains("Failed: cannot connect to app@127.0.0.1:9/shop: ", "Nothing was touched.", "PGHOST")
                .doesNotContain("\tat ");
        assertThat(result.json().path("state").asText()).isEqualTo("failed");
        assertThat(result.json().at("/problem/code").asText()).isEqualTo("CONNECTION_FAILED");
        assertThat(result.json().at("/problem/message").asText()).contains("127.0.0.1:9");
        assertThat(result.json().at("/problem/remedy").asText()).contains("Nothing was touched");
    }

    /** For all that is known a migration is under way, and its slot keeps WAL. */
    @ParameterizedTest
    @ValueSource(strings = {"run --table t --alter x", "resume 1", "verify 1"})
    void aMigrationThatMayBeUnderWayIsInterruptedByAServerThatCantBeReached(String args) throws IOException {
        Cli.Result result = Cli.bare().run((args + " --json --url " + NOBODY).split(" "));

        assertThat(result.exitCode()).isEqualTo(5);
        assertThat(result.err())
                .contains("Interrupted: cannot connect to app@127.0.0.1:9/shop: ", "the same command goes on", "PGHOST")
                .doesNotContain("\tat ");
        assertThat(result.json().path("state").asText()).isEqualTo("interrupted");
        assertThat(result.json().at("/problem/code").asText()).isEqualTo("CONNECTION_FAILED");
    }

    @Test
    void theEnvironmentNamesTheServerToo() {
        Cli.Result result =
                Cli.bare().with("PGHOST", "127.0.0.1").with("PGPORT", "9").run("status");

        assertThat(result.exitCode()).isEqualTo(4);
        assertThat(result.err()).contains("127.0.0.1:9/");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgresql://app:s3cr3t@127.0.0.1:9/shop",
                "postgresql://app:s3cr3t/@x@127.0.0.1:9/shop",
                "postgresql://app:%ZZs3cr3t@127.0.0.1:9/shop",
                "postgresql://127.0.0.1:9/shop?password=s3cr3t",
                "jdbc:postgresql://127.0.0.1:9/shop?user=app&password=s3cr3t",
                "host=127.0.0.1 port=9 password='my s3cr3t'",
                "postgres://app:s3cr3t@127.0.0.1:notaport/shop",
            })
    void aPasswordIsNeverPrinted(String url) {
        Cli.Result unreachable = Cli.bare().run("status", "--json", "--url", url);
        Cli.Result misplaced = Cli.bare().run("status", "--log-level", "debug", url);
        Cli.Result misspelt = Cli.bare().run("status", "--ulr=" + url);

        assertThat(unreachable.out() + unreachable.err()).doesNotContain("s3cr3t");
        assertThat(unreachable.err())
                .contains("Warning: the password in --url is visible to everybody", "PGPASSWORD", ".pgpass");
        assertThat(misplaced.exitCode()).isEqualTo(2);
        assertThat(misplaced.out() + misplaced.err()).doesNotContain("s3cr3t");
        assertThat(misspelt.exitCode()).isEqualTo(2);
        assertThat(misspelt.out() + misspelt.err()).doesNotContain("s3cr3t");
    }

    @Test
    void aPasswordInTheEnvironmentIsNeitherPrintedNorWarnedOf() {
        Cli.Result result = Cli.bare().with("PGPASSWORD", "s3cr3t").run("status", "--url", NOBODY);

        assertThat(result.out() + result.err()).doesNotContain("s3cr3t").doesNotContain("Warning");
    }

    @Test
    void argumentsThatTheLocaleHasSpoiltAreRefused() {
        Cli.Result result = Cli.bare().run("run", "--table", "gr\ufffd\ufffd\ufffd\ufffde", "--alter", "DROP COLUMN a");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("LC_ALL=C.UTF-8", "--config");
    }

    @ParameterizedTest
    @ValueSource(strings = {"demo --rows 0", "demo --writers 65", "demo --keep-seconds -1", "demo --rows many"})
    void aDemoOfNoSensibleSizeIsWrongUsage(String args) {
        assertThat(Cli.bare().run(args.split(" ")).exitCode()).isEqualTo(2);
    }
}
