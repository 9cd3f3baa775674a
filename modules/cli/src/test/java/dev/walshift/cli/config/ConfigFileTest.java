package dev.walshift.cli.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.pace.Budgets;
import dev.walshift.engine.pace.Limit;
import dev.walshift.engine.pace.PaceMode;
import dev.walshift.engine.pace.PaceSettings;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Identifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {
    private final Path file;
    private final List<String> problems = new ArrayList<>();

    ConfigFileTest(@TempDir Path folder) {
        this.file = folder.resolve("migration.yaml");
    }

    private MigrationValues read(String text) throws IOException {
        Files.writeString(file, text);
        return new ConfigFile(file, problems::add).read();
    }

    @Test
    void readsEverythingThatRunTakes() throws IOException {
        MigrationValues values = read("""
            url: postgresql://app@db.example:5432/shop
            table: public.orders
            alter:
              - ALTER COLUMN id TYPE bigint
              - |
                ADD COLUMN source text DEFAULT 'a: b # c'
            using:
              Amount: amount * 100
              '"Net price"': "1"
            column-order: [id, source, '"Net price"']
            workers: 7
            drop-retired: true
            indexes-first: true
            verify: off
            """);

        assertThat(problems).isEmpty();
        assertThat(values.url()).contains("postgresql://app@db.example:5432/shop");
        assertThat(values.toRequest())
                .isEqualTo(new MigrationRequest(
                        new AlterRequest(
                                Optional.of("public.orders"),
                                List.of("ALTER COLUMN id TYPE bigint", "ADD COLUMN source text DEFAULT 'a: b # c'"),
                                Map.of(new Identifier("amount"), "amount * 100", new Identifier("Net price"), "1"),
                                List.of(new Identifier("id"), new Identifier("source"), new Identifier("Net price"))),
                        7,
                        true,
                        true,
                        VerifyMode.OFF));
    }

    @Test
    void readsTheShorterFormsToo() throws IOException {
        MigrationValues values = read("""
            alter: DROP COLUMN a
            using: [a=b]
            column-order: a, b
            """);

        assertThat(problems).isEmpty();
        assertThat(values.change().alter()).contains(List.of("DROP COLUMN a"));
        assertThat(values.change().using()).contains(Map.of(new Identifier("a"), "b"));
        assertThat(values.change().columnOrder()).contains(List.of(new Identifier("a"), new Identifier("b")));
    }

    @Test
    void theNewTablesOwnDdlLiesBesideIt() throws IOException {
        Path ddl = Files.writeString(file.resolveSibling("orders.sql"), "CREATE TABLE orders ()");

        MigrationValues values = read("""
            table: public.orders
            target-ddl: orders.sql
            """);

        assertThat(values.problems()).isEmpty();
        assertThat(values.change().targetDdl()).contains(ddl);
        assertThat(values.toRequest().alter().targetDdl()).contains("CREATE TABLE orders ()");
        Files.delete(ddl);
        assertThat(values.problems()).containsExactly("target-ddl: %s: no such file".formatted(ddl));
        assertThat(values.problemsToGoOn()).isEmpty();
        assertThat(problems).isEmpty();
    }

    /** To YAML, off is another word for false. */
    @ParameterizedTest
    @CsvSource({"full,FULL", "Sample,SAMPLE", "off,OFF", "'\"off\"',OFF", "false,OFF"})
    void readsHowMuchToCompare(String given, VerifyMode mode) throws IOException {
        assertThat(read("verify: " + given).verify()).contains(mode);
        assertThat(problems).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "most", "1", "[full]"})
    void refusesAnotherAmountToCompare(String given) throws IOException {
        MigrationValues unused = read("verify: " + given);

        assertThat(problems).singleElement().asString().contains("verify must be full, sample or off, got");
    }

    @Test
    void readsLimits() throws IOException {
        MigrationValues values = read("""
            max-slot-wal: 50GB
            max-key-log: off
            max-snapshot-age: 90min
            """);

        assertThat(problems).isEmpty();
        assertThat(values.toSettings().budgets())
                .isEqualTo(new Budgets(
                        Optional.of(Limit.at(50L << 30)),
                        Optional.of(Limit.off()),
                        Optional.of(Limit.at(Duration.ofMinutes(90))),
                        Optional.empty()));
    }

    @Test
    void readsWhatSetsThePace() throws IOException {
        MigrationValues values = read("""
            pace: Nice
            pace-query: SELECT count(*) > 5 FROM pg_stat_activity
            pace-file: stop.here
            max-replica-lag: 30s
            replicas: [one, "two, three", one]
            """);

        assertThat(problems).isEmpty();
        assertThat(values.toSettings().pace())
                .isEqualTo(new PaceSettings(
                        Optional.of(PaceMode.NICE),
                        Optional.of("SELECT count(*) > 5 FROM pg_stat_activity"),
                        Optional.of(file.resolveSibling("stop.here")),
                        Optional.of(Limit.at(Duration.ofSeconds(30))),
                        Optional.of(List.of("one", "two", "three"))));
        assertThat(read("pace: full").over(values).toSettings().pace())
                .isEqualTo(new PaceSettings(
                        Optional.of(PaceMode.FULL),
                        values.pace().query(),
                        values.pace().file(),
                        values.pace().replicaLag(),
                        values.pace().replicas()));
    }

    @Test
    void refusesAPaceThatThereIsNot() throws IOException {
        MigrationValues values = read("""
            pace: stop
            max-replica-lag: 5
            replicas: ","
            """);

        assertThat(problems)
                .containsExactly(
                        file + ": pace: full, polite, nice is expected, got: stop",
                        file
                                + ": max-replica-lag: a time with its unit (s, min, h or d), such as 90min, or off is"
                                + " expected, got: 5");
        assertThat(values.problemsToGoOn()).containsExactly("replicas must be names between commas, got none");
    }

    @Test
    void refusesLimitsWithoutUnits() throws IOException {
        read("""
            max-slot-wal: 50
            max-key-log: true
            max-time: [2h]
            """);

        assertThat(problems)
                .containsExactly(
                        file
                                + ": max-slot-wal: a size with its unit (kB, MB, GB or TB), such as 50GB, or off is"
                                + " expected, got: 50",
                        file
                                + ": max-key-log: a size with its unit (kB, MB, GB or TB), such as 50GB, or off is"
                                + " expected, got: true",
                        file
                                + ": max-time: a time with its unit (s, min, h or d), such as 90min, or off is"
                                + " expected, got: [\"2h\"]");
    }

    @Test
    void leavesTheRestToDefaults() throws IOException {
        MigrationRequest request = read("alter: DROP COLUMN a").toRequest();

        assertThat(request.workers()).isEqualTo(2);
        assertThat(request.dropRetired()).isFalse();
        assertThat(request.verify()).isEqualTo(VerifyMode.FULL);
    }

    @Test
    void commandLineWinsValueByValue() throws IOException {
        MigrationValues inFile = read("""
            table: orders
            alter: DROP COLUMN a
            workers: 7
            """);
        MigrationValues given = read("workers: 3");

        MigrationValues both = given.over(inFile);

        assertThat(both.workers()).contains(3);
        assertThat(both.change().table()).contains("orders");
        assertThat(both.change().alter()).contains(List.of("DROP COLUMN a"));
    }

    @Test
    void tellsAllThatIsWrongAtOnce() throws IOException {
        MigrationValues values = read("""
            tabel: orders
            password: secret
            alter: []
            using: {a b: c, d: 1}
            column-order: 'a,,b'
            workers: many
            drop-retired: 1
            """);

        assertThat(problems)
                .containsExactly(
                        file + ": unknown key 'tabel'; did you mean 'table'?",
                        file
                                + ": unknown key 'password'; known keys are url, table, alter, using, column-order,"
                                + " tablespace, rebuild, target-ddl, accept-publications, rebuild-materialized-views,"
                                + " workers, drop-retired, indexes-first, verify, max-slot-wal, max-key-log,"
                                + " max-snapshot-age, max-time, pace, pace-query, pace-file, max-replica-lag,"
                                + " replicas",
                        file + ": alter must be a text or a list of texts, got []",
                        file
                                + ": using: a column name is expected, in double quotes if it is not a plain one, got:"
                                + " a b",
                        file + ": using.d must be a text, got 1",
                        file + ": column-order: column names between commas are expected, in double quotes if not plain"
                                + " ones, got: a,,b",
                        file + ": workers must be a whole number, got \"many\"",
                        file + ": drop-retired must be true or false, got 1");
        assertThat(values.change().table()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "alter: ADD COLUMN a text DEFAULT 'a: b';line 1, column",
                "alter: [a;line 1, column",
                "table: a\\ntable: b;Duplicate",
                "just words;expected lines such as 'table: public.orders'",
                "'';expected lines such as 'table: public.orders'",
                "- table: a;expected lines such as 'table: public.orders'",
            })
    void saysWhereTheSyntaxIsWrong(String text, String problem) throws IOException {
        read(text.translateEscapes());

        assertThat(problems).singleElement().asString().startsWith(file + ": ").contains(problem);
    }

    @Test
    void neverShowsWhatTheUrlHolds() throws IOException {
        read("""
            url: postgresql://app:s3cr3t@host/db
            alter: a: b
            """);
        read("url: [s3cr3t]");
        read("url: postgresql://app:s3cr3t@host/db\nurl: postgresql://app:s3cr3t@host/db");
        read("url: 'postgresql://app:s3cr3t@host/db");

        assertThat(problems).hasSize(4).noneMatch(problem -> problem.contains("s3cr3t"));
    }

    @Test
    void refusesAFileThatIsNotUtf8() throws IOException {
        Files.write(file, new byte[] {'a', ':', ' ', (byte) 0xe4});
        new ConfigFile(file, problems::add).read();

        assertThat(problems).singleElement().asString().contains("UTF-8");
    }
}
