package dev.walshift.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only a process of its own can show: its exit code, and what it makes of signals. */
class ProcessTest {
    private static final String TABLE = "\"Order items\"";
    private static final Duration SOON = Duration.ofSeconds(60);

    private final TestDatabase database = SharedServers.freshDatabase();
    private final Path folder;

    ProcessTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @BeforeEach
    void createTable() throws SQLException {
        database.execute(
                "CREATE TABLE %s (id int PRIMARY KEY)".formatted(TABLE),
                "INSERT INTO %s SELECT generate_series(1, 1000)".formatted(TABLE));
    }

    @AfterEach
    void dropDatabase() throws SQLException {
        database.close();
    }

    private CliProcess startRun() throws IOException {
        return startRun("--url", database.url());
    }

    private CliProcess startRun(String... more) throws IOException {
        List<String> args =
                new ArrayList<>(List.of("run", "--json", "--table", TABLE, "--alter", "ALTER COLUMN id TYPE bigint"));
        args.addAll(List.of(more));
        return CliProcess.start(folder, args.toArray(String[]::new));
    }

    private static JsonNode lastLine(String out) throws IOException {
        return new ObjectMapper().readTree(out.lines().toList().getLast());
    }

    /** A reader's lock, which lets a migration do everything but swap. */
    private Connection reader() throws SQLException {
        Connection connection = database.connect();
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("LOCK TABLE %s IN ACCESS SHARE MODE".formatted(TABLE));
        }
        return connection;
    }

    @Test
    void endsWithTheCodeOfTheCommand() throws Exception {
        try (CliProcess version = CliProcess.start(folder, "--version");
                CliProcess wrong = CliProcess.start(folder, "run")) {
            assertThat(version.exitCode()).isZero();
            assertThat(version.err()).isEmpty();
            assertThat(wrong.exitCode()).isEqualTo(2);
        }
    }

    @Test
    void aPasswordIsInNoOutputAndNoLog() throws Exception {
        String url = database.url() + "&password=s3cr3t";
        try (CliProcess run = startRun("--log-level=trace", "--url", url)) {
            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(run.err()).contains("Warning: the password in --url").doesNotContain("s3cr3t");
            assertThat(run.out()).doesNotContain("s3cr3t");
        }
    }

    @Test
    void stopsOnSigtermAndGoesOnWithTheSameCommand() throws Exception {
        try (Connection reader = reader();
                CliProcess stopped = startRun()) {
            await().atMost(SOON).until(() -> stopped.err().contains("cut over"));
            stopped.terminate();

            assertThat(stopped.exitCode()).as(stopped.err()).isEqualTo(5);
            assertThat(stopped.err())
                    .contains("Stopping at the next safe point", "Interrupted: ", "the same command again");
            assertThat(lastLine(stopped.out()).path("state").asText()).isEqualTo("interrupted");
            assertThat(lastLine(stopped.out()).at("/problem/remedy").asText()).contains("same command");
            reader.rollback();
        }
        try (CliProcess resumed = startRun()) {
            assertThat(resumed.exitCode()).as(resumed.err()).isZero();
            assertThat(lastLine(resumed.out()).path("state").asText()).isEqualTo("done");
        }
        assertThat(typeOfId()).isEqualTo("bigint");
    }

    @Test
    void aSecondCtrlCCancelsWhatTheServerIsDoing() throws Exception {
        database.execute(
                """
                CREATE FUNCTION public.slow(n int) RETURNS bigint LANGUAGE plpgsql AS $$
                BEGIN
                    PERFORM pg_sleep(600) WHERE n = 500 AND current_setting('application_name') = 'walshift copy';
                    RETURN n;
                END $$
                """,
                "ALTER TABLE %s ADD COLUMN n int DEFAULT 1".formatted(TABLE),
                "UPDATE %s SET n = id".formatted(TABLE));
        String[] slowly = {"--url", database.url(), "--alter", "ALTER COLUMN n TYPE bigint USING public.slow(n)"};
        try (CliProcess stopped = startRun(slowly)) {
            await().atMost(SOON).until(() -> isAsleep());
            stopped.interrupt();
            await().atMost(SOON).until(() -> stopped.err().contains("ask again to cancel"));
            assertThat(stopped.isAlive()).isTrue();
            stopped.interrupt();

            assertThat(stopped.exitCode()).as(stopped.err()).isEqualTo(5);
            assertThat(stopped.err()).contains("Cancelling what the server is doing", "Interrupted: ");
            assertThat(lastLine(stopped.out()).at("/problem/code").asText()).isEqualTo("STOPPED");
        }
        database.execute(
                "CREATE OR REPLACE FUNCTION public.slow(n int) RETURNS bigint LANGUAGE sql AS 'SELECT n::bigint'");
        try (CliProcess resumed = startRun(slowly)) {
            assertThat(resumed.exitCode()).as(resumed.err()).isZero();
        }
        assertThat(typeOfId()).isEqualTo("bigint");
    }

    private boolean isAsleep() throws SQLException {
        return query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname ="
                        + " current_database()")
                .equals("1");
    }

    /** Calls what calls itself immutable. */
    @Test
    void aSecondCtrlCCancelsAComparisonToo() throws Exception {
        database.execute(
                "CREATE FUNCTION public.slow(n int) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT n::bigint'",
                "ALTER TABLE %s ADD COLUMN n int DEFAULT 1".formatted(TABLE));
        try (Connection reader = reader();
                CliProcess stopped = startRun(
                        "--url",
                        database.url(),
                        "--verify=off",
                        "--alter",
                        "ALTER COLUMN n TYPE bigint USING public.slow(n)")) {
            await().atMost(SOON).until(() -> stopped.err().contains("cut over"));
            stopped.terminate();
            assertThat(stopped.exitCode()).as(stopped.err()).isEqualTo(5);
            reader.rollback();
        }
        database.execute("""
            CREATE OR REPLACE FUNCTION public.slow(n int) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_sleep(600);
                RETURN n;
            END $$
            """);
        try (CliProcess verify = CliProcess.start(folder, "verify", "--json", "--url", database.url(), "1")) {
            await().atMost(SOON).until(() -> isAsleep() || !verify.isAlive());
            assertThat(verify.isAlive()).as(verify.err()).isTrue();
            verify.interrupt();
            await().atMost(SOON).until(() -> verify.err().contains("ask again to cancel"));
            verify.interrupt();

            assertThat(verify.exitCode()).as(verify.err()).isEqualTo(5);
            assertThat(lastLine(verify.out()).at("/problem/code").asText()).isEqualTo("STOPPED");
        }
    }

    @Test
    void standsStillForAFileAndByAnOrderFromAnotherProcess() throws Exception {
        Path file = Files.createFile(folder.resolve("stop here"));
        String url = database.url();
        Cli cli = Cli.bare();
        try (CliProcess run = startRun("--url", url, "--pace-file", file.toString(), "--pace=full")) {
            await().atMost(SOON).until(() -> run.err().contains("standing still: " + file));
            Cli.Result stop = cli.run("pace", "1", "stop", "--url", url);
            assertThat(stop.exitCode()).as(stop.err()).isZero();
            assertThat(stop.out()).contains("Migration 1 takes pace stop from now on.");
            Files.delete(file);
            await().atMost(SOON).until(() -> run.err().contains("standing still: it was told to stop"));
            assertThat(cli.run("status", "--url", url).out()).contains("Pace: stop, as it was told");
            assertThat(cli.run("status", "--json", "--url", url)
                            .json()
                            .at("/migrations/0/pace")
                            .asText())
                    .isEqualTo("stop");
            assertThat(typeOfId()).isEqualTo("integer");

            assertThat(cli.run("pace", "1", "full", "--url", url).exitCode()).isZero();

            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(lastLine(run.out()).path("rested").asDouble()).isBetween(0.0, 1.0);
        }
        assertThat(typeOfId()).isEqualTo("bigint");
        assertThat(cli.run("pace", "1", "full", "--url", url).exitCode()).isEqualTo(3);
        assertThat(cli.run("pace", "1", "faster", "--url", url).err())
                .contains("full, polite, nice, stop is expected, got: faster");
    }

    @Test
    void resumesByItsNumber() throws Exception {
        try (Connection reader = reader();
                CliProcess killed = startRun("--url", database.url(), "--drop-retired")) {
            await().atMost(SOON).until(() -> killed.err().contains("cut over"));
            killed.kill();
            assertThat(killed.exitCode()).isNotZero();
            reader.rollback();
        }
        Cli cli = Cli.bare();
        String url = database.url();

        Cli.Result resumed = cli.run("resume", "1", "--url", url, "--workers", "1", "--json");
        Cli.Result again = cli.run("resume", "1", "--url", url);
        Cli.Result unknown = cli.run("resume", "4711", "--url", url);

        assertThat(resumed.exitCode()).as(resumed.err()).isZero();
        assertThat(resumed.json().path("id").asLong()).isEqualTo(1);
        assertThat(resumed.json().path("verified").asBoolean()).isTrue();
        assertThat(resumed.json().path("retired").isNull()).isTrue();
        assertThat(typeOfId()).isEqualTo("bigint");
        assertThat(again.exitCode()).isEqualTo(3);
        assertThat(again.err()).contains("migration 1 is over", "walshift status");
        assertThat(unknown.exitCode()).isEqualTo(3);
        assertThat(unknown.err()).contains("4711", "nothing was touched");
    }

    @Test
    void goesOnAfterItWasKilled() throws Exception {
        try (Connection reader = reader();
                CliProcess killed = startRun()) {
            await().atMost(SOON).until(() -> killed.err().contains("cut over"));
            killed.kill();
            assertThat(killed.exitCode()).isNotZero();
            reader.rollback();
        }
        try (CliProcess resumed = startRun()) {
            assertThat(resumed.exitCode()).as(resumed.err()).isZero();
        }
        assertThat(typeOfId()).isEqualTo("bigint");
    }

    @Test
    void refusesASecondProcessAndGivesUpWhatWasInterrupted() throws Exception {
        try (Connection reader = reader();
                CliProcess first = startRun()) {
            await().atMost(SOON).until(() -> first.err().contains("cut over"));
            Cli cli = Cli.bare();
            String url = database.url();
            String id = Long.toString(cli.run("status", "--json", "--url", url)
                    .json()
                    .at("/migrations/0/id")
                    .asLong());

            Cli.Result second =
                    cli.run("run", "--url", url, "--table", TABLE, "--alter", "ALTER COLUMN id TYPE bigint");
            Cli.Result tooEarly = cli.run("abort", id, "--url", url);
            first.terminate();
            first.exitCode();
            Cli.Result unknown = cli.run("abort", "4711", "--url", url);
            Cli.Result aborted = cli.run("abort", id, "--url", url);

            assertThat(second.exitCode()).isEqualTo(3);
            assertThat(second.err()).contains("another walshift process");
            assertThat(tooEarly.exitCode()).isEqualTo(3);
            assertThat(unknown.exitCode()).isEqualTo(3);
            assertThat(unknown.err()).contains("4711", "nothing was touched", "walshift status");
            assertThat(aborted.exitCode()).as(aborted.err()).isZero();
            assertThat(aborted.out()).contains("Migration %s is given up".formatted(id));
            assertThat(cli.run("status", "--url", url).out()).contains("failed", "aborted by the operator");
        }
        assertThat(typeOfId()).isEqualTo("integer");
    }

    private String typeOfId() throws SQLException {
        return query("""
            SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attname = 'id' AND attrelid = '%s'::regclass
            """.formatted(TABLE));
    }

    private String query(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
