package dev.walshift.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.walshift.engine.LockRetry;
import dev.walshift.engine.cutover.CutoverSettings;
import dev.walshift.engine.migration.InterruptedMigrationException;
import dev.walshift.engine.migration.Migration;
import dev.walshift.engine.migration.MigrationRequest;
import dev.walshift.engine.migration.MigrationSettings;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.connect.ConnectionSettings;
import dev.walshift.postgres.connect.Connector;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands against a real server, with a table name that breaks careless quoting. */
class CommandsTest {
    private static final QualifiedName TABLE = QualifiedName.of("Shop \"east\"", "select it's {all}");
    private static final String TO_BIGINT = "ALTER COLUMN id TYPE bigint";

    private final TestDatabase database = SharedServers.freshDatabase();

    @BeforeEach
    void createTable() throws SQLException {
        database.execute(
                "CREATE SCHEMA " + TABLE.schema().sql(),
                "CREATE TABLE %s (id int PRIMARY KEY, note text)".formatted(TABLE),
                "INSERT INTO %s SELECT i, 'note ' || i FROM generate_series(1, 1000) i".formatted(TABLE),
                "ANALYZE " + TABLE);
    }

    @AfterEach
    void dropDatabase() throws SQLException {
        database.close();
    }

    private Cli.Result cli(String command, String... options) {
        String[] args = new String[options.length + 3];
        args[0] = command;
        args[1] = "--url";
        args[2] = database.url();
        System.arraycopy(options, 0, args, 3, options.length);
        return Cli.bare().run(args);
    }

    private String query(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return String.valueOf(rows.getString(1));
        }
    }

    private String typeOfId() throws SQLException {
        return query(
                "SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attname = 'id' AND attrelid = '%s'::regclass"
                        .formatted(TABLE.sql().replace("'", "''")));
    }

    private String objectsOfOurs() throws SQLException {
        return query("""
            SELECT (SELECT count(*) FROM pg_namespace WHERE nspname ~ '^walshift_[0-9]')
                 + (SELECT count(*) FROM pg_publication WHERE pubname ~ '^walshift')
                 + (SELECT count(*) FROM pg_replication_slots WHERE database = current_database())
            """);
    }

    @Test
    void planTellsWhatWillHappenAndTouchesNothing() throws SQLException {
        Cli.Result result = cli("plan", "--table", TABLE.sql(), "--alter", TO_BIGINT);

        assertThat(result.exitCode()).isZero();
        assertThat(result.err()).isEmpty();
        assertThat(result.out())
                .contains("Table      " + TABLE)
                .contains("about 1,000 rows")
                .contains("Strategy   shadow table")
                .containsSubsequence("Changes", "bigint", "What will happen")
                .containsSubsequence("- prepare: ", "- copy: ", "2 at a time", "- verify: compares", "ACCESS EXCLUSIVE")
                .contains("the old table is kept");
        assertThat(typeOfId()).isEqualTo("integer");
        assertThat(objectsOfOurs()).isEqualTo("0");
        assertThat(query("SELECT count(*) FROM pg_namespace WHERE nspname ~ 'walshift'"))
                .isEqualTo("0");
    }

    /** What the README shows. */
    @Test
    void aTableIsPartitioned(@TempDir Path folder) throws Exception {
        database.execute(
                "CREATE TABLE orders (id serial PRIMARY KEY, customer_id int NOT NULL, amount numeric(12,2),"
                        + " created_at timestamptz)",
                "INSERT INTO orders (customer_id, created_at) SELECT i, timestamptz '2024-12-31' + i * interval '1"
                        + " day' FROM generate_series(1, 500) i",
                "INSERT INTO orders (customer_id) VALUES (7)");
        Path ddl = Files.writeString(folder.resolve("orders.sql"), """
            CREATE TABLE orders (
                id bigint DEFAULT nextval('orders_id_seq'),
                customer_id int NOT NULL,
                amount numeric(12,2),
                created_at timestamptz NOT NULL,
                PRIMARY KEY (id, created_at)
            ) PARTITION BY RANGE (created_at);
            CREATE TABLE orders_2025 PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
            CREATE TABLE orders_2026 PARTITION OF orders FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
            CREATE TABLE orders_rest PARTITION OF orders DEFAULT;
            CREATE INDEX ON orders (customer_id, created_at);
            """);
        String[] options = {
            "--table",
            "public.orders",
            "--target-ddl",
            ddl.toString(),
            "--using",
            "created_at=coalesce(created_at, '2025-01-01')"
        };

        Cli.Result plan = cli("plan", options);
        Cli.Result run = cli("run", options);

        assertThat(plan.exitCode()).isZero();
        assertThat(plan.out())
                .contains(
                        "Statement  CREATE TABLE orders (",
                        "- partitioned by RANGE (created_at), 3 tables that hold rows",
                        "- nothing in the new table makes [id] unique any more, as orders_pkey does now");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(query("SELECT string_agg(n, ' ') FROM (SELECT tableoid::regclass || ' ' || count(*) AS n FROM orders"
                        + " GROUP BY tableoid ORDER BY tableoid) AS parts"))
                .isEqualTo("orders_2025 366 orders_2026 135");
        assertThat(query("INSERT INTO orders (customer_id, created_at) VALUES (1, now()) RETURNING id"))
                .isEqualTo("502");
        assertThat(objectsOfOurs()).isEqualTo("1");
    }

    @Test
    void planShowsTheLimitsInEffect() throws Exception {
        Cli.Result byDefault = cli("plan", "--table", TABLE.sql(), "--alter", TO_BIGINT);
        Cli.Result chosen = cli(
                "plan",
                "--json",
                "--table",
                TABLE.sql(),
                "--alter",
                TO_BIGINT,
                "--max-slot-wal",
                "50GB",
                "--max-key-log",
                "off",
                "--max-snapshot-age",
                "90min",
                "--max-time",
                "6h");
        Cli.Result inPlace = cli("plan", "--table", TABLE.sql(), "--alter", "ADD COLUMN a int", "--max-time", "30s");

        assertThat(byDefault.out())
                .containsSubsequence(
                        "Limits",
                        "- WAL kept for the slot: 4.0 GB",
                        "- log of changed keys: 10 GB",
                        "- vacuum held back: 2 h 00 min",
                        "- time of a run: no limit");
        assertThat(chosen.json().get("limits").toString())
                .isEqualTo(
                        "{\"slotWalBytes\":53687091200,\"keyLogBytes\":null,\"snapshotAge\":5400.0,\"time\":21600.0}");
        assertThat(inPlace.out()).contains("- time of a run: 30 s").doesNotContain("WAL kept");
    }

    @Test
    void aRunWhoseTimeIsOverIsInterruptedAndGoesOnWithMoreOfIt() throws Exception {
        String[] run = {"--json", "--table", TABLE.sql(), "--alter", TO_BIGINT, "--max-time", "0.001s"};

        Cli.Result tooShort = cli("run", run);
        run[run.length - 1] = "1h";
        Cli.Result enough = cli("run", run);

        assertThat(tooShort.exitCode()).isEqualTo(5);
        assertThat(tooShort.json().get("problem").get("code").asText()).isEqualTo("BUDGET_EXCEEDED");
        assertThat(tooShort.err()).contains("stopped after", "--max-time");
        assertThat(enough.exitCode()).isZero();
        assertThat(typeOfId()).isEqualTo("bigint");
    }

    @Test
    void planNamesTheChoicesThatWereMade() {
        Cli.Result result = cli(
                "plan",
                "--table",
                TABLE.sql(),
                "--alter",
                TO_BIGINT,
                "--verify",
                "off",
                "--drop-retired",
                "--workers",
                "1");

        assertThat(result.out())
                .contains("one at a time", "verify: left out, as you asked", "drops the old table, as you asked");
    }

    @Test
    void planOfACatalogChangeIsInPlace() {
        Cli.Result result = cli("plan", "--table", TABLE.sql(), "--alter", "ADD COLUMN more text");

        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).contains("Strategy   in place").doesNotContain("- copy: ");
    }

    @Test
    void planPrintsOneJsonObject() throws IOException {
        Cli.Result result = cli("plan", "--json", "--table", TABLE.sql(), "--alter", TO_BIGINT);

        assertThat(result.exitCode()).isZero();
        assertThat(result.outLines()).hasSize(1);
        JsonNode json = result.json();
        assertThat(json.path("possible").asBoolean()).isTrue();
        assertThat(json.path("table").asText()).isEqualTo(TABLE.sql());
        assertThat(json.path("strategy").asText()).isEqualTo("SHADOW");
        assertThat(json.path("rows").asLong()).isEqualTo(1_000);
        assertThat(json.path("heapBytes").asLong()).isPositive();
        assertThat(json.path("indexBytes").asLong()).isPositive();
        assertThat(json.path("changes")).isNotEmpty();
        assertThat(json.path("steps")).hasSize(7);
        assertThat(json.path("problems")).isEmpty();
    }

    @Test
    void refusesWithAllProblemsAndTheirRemedies() throws IOException, SQLException {
        database.execute("CREATE TABLE keyless (a int)");

        Cli.Result plan = cli("plan", "--table", "keyless", "--alter", "ALTER COLUMN a TYPE bigint");
        Cli.Result run = cli("run", "--json", "--table", "keyless", "--alter", "ALTER COLUMN a TYPE bigint");

        assertThat(plan.exitCode()).isEqualTo(3);
        assertThat(plan.out()).containsSubsequence("Refused, nothing was touched", "1. ", "What to do: ");
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("Refused, nothing was touched", "What to do: ");
        assertThat(run.json().path("state").asText()).isEqualTo("refused");
        assertThat(run.json().path("problems")).isNotEmpty();
        assertThat(run.json().at("/problem/code").asText()).isEqualTo("NO_IDENTITY_KEY");
        assertThat(run.json().at("/problem/remedy").asText()).isNotBlank();
        assertThat(objectsOfOurs()).isEqualTo("0");
    }

    @Test
    void runChangesTheTableAndTellsHow() throws SQLException {
        Cli.Result result = cli("run", "--table", TABLE.sql(), "--alter", TO_BIGINT, "--drop-retired");

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out())
                .containsSubsequence(
                        "Done: %s has the new schema".formatted(TABLE),
                        "Rows copied    1,000",
                        "Verified       yes",
                        "Lock           held for",
                        "Old table      dropped",
                        "Time");
        assertThat(result.err()).contains("prepare", "slot lag").doesNotContain("\r");
        assertThat(typeOfId()).isEqualTo("bigint");
        assertThat(query("SELECT count(*) FROM " + TABLE)).isEqualTo("1000");
        assertThat(objectsOfOurs()).isEqualTo("0");
    }

    @Test
    void runEndsItsOutputWithOneJsonObject() throws IOException, SQLException {
        Cli.Result result = cli("run", "--json", "--table", TABLE.sql(), "--alter", TO_BIGINT);

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.outLines()).hasSize(1);
        JsonNode json = result.json();
        assertThat(json.path("state").asText()).isEqualTo("done");
        assertThat(json.path("id").asLong()).isPositive();
        assertThat(json.path("table").asText()).isEqualTo(TABLE.sql());
        assertThat(json.path("strategy").asText()).isEqualTo("SHADOW");
        assertThat(json.path("rowsCopied").asLong()).isEqualTo(1_000);
        assertThat(json.path("keysApplied").isIntegralNumber()).isTrue();
        assertThat(json.path("phases").fieldNames())
                .toIterable()
                .containsExactly("plan", "prepare", "copy", "index", "catchUp", "verify", "cutOver", "finish");
        assertThat(json.at("/phases/copy").isDouble()).isTrue();
        assertThat(json.at("/cutover/attempts").asInt()).isPositive();
        assertThat(json.at("/cutover/lockWaitMs").isNumber()).isTrue();
        assertThat(json.at("/cutover/lockHeldMs").asDouble()).isPositive();
        assertThat(json.path("maxSlotLagBytes").isIntegralNumber()).isTrue();
        assertThat(json.path("verified").asBoolean()).isTrue();
        assertThat(query("SELECT count(*) FROM " + json.path("retired").asText()))
                .isEqualTo("1000");
    }

    @Test
    void runTakesAFileAndWhatTheCommandLineSaysOtherwise(@TempDir Path folder) throws IOException, SQLException {
        Path file = folder.resolve("migration.yaml");
        Files.writeString(file, """
            url: %s
            table: '%s'
            alter:
              - ALTER COLUMN id TYPE bigint
              - ALTER COLUMN note TYPE int
            using:
              note: replace(note, 'note ', '')::int
            drop-retired: true
            verify: sample
            """.formatted(database.url(), TABLE.sql().replace("'", "''")));

        Cli.Result result =
                Cli.bare().run("run", "--config", file.toString(), "--verify=full", "--no-drop-retired", "--json");

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.json().path("verified").asBoolean()).isTrue();
        assertThat(result.json().path("retired").asText()).isNotBlank();
        assertThat(query("SELECT sum(note) FROM " + TABLE)).isEqualTo("500500");
    }

    @Test
    void runChangesNothingButTheOrderOfColumns() throws SQLException {
        Cli.Result result = cli("run", "--table", TABLE.sql(), "--column-order", "note,id");

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(query("SELECT t::text FROM %s AS t WHERE id = 7".formatted(TABLE)))
                .isEqualTo("(\"note 7\",7)");
    }

    @Test
    void runRebuildsATableThatStaysAsItIs() throws SQLException {
        String file = query("SELECT pg_relation_filenode(tableoid) FROM %s LIMIT 1".formatted(TABLE));

        Cli.Result result = cli("run", "--table", TABLE.sql(), "--rebuild", "--tablespace", "pg_default");

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(query("SELECT pg_relation_filenode(tableoid) FROM %s LIMIT 1".formatted(TABLE)))
                .isNotEqualTo(file);
        assertThat(query("SELECT count(*) FROM " + TABLE)).isEqualTo("1000");
    }

    @Test
    void runInPlaceSaysSo() throws SQLException {
        Cli.Result result = cli("run", "--table", TABLE.sql(), "--alter", "ADD COLUMN more text");

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out()).contains("Done: ", "Lock").doesNotContain("Rows copied");
        assertThat(query("SELECT count(more) FROM " + TABLE)).isEqualTo("0");
    }

    @Test
    void aFailureIsCleanedUpAndNamesWhatToDo() throws IOException, SQLException {
        Cli.Result result =
                cli("run", "--json", "--table", TABLE.sql(), "--alter", "ALTER COLUMN note TYPE int USING note::int");

        assertThat(result.exitCode()).isEqualTo(4);
        assertThat(result.err()).contains("Failed: ").contains("note 1").doesNotContain("\tat ");
        assertThat(result.json().path("state").asText()).isEqualTo("failed");
        assertThat(result.json().at("/problem/code").asText()).isEqualTo("DATA_REJECTED");
        assertThat(result.json().at("/problem/message").asText()).isNotBlank();
        assertThat(result.json().at("/problem/remedy").asText()).isNotBlank();
        assertThat(typeOfId()).isEqualTo("integer");
        assertThat(objectsOfOurs()).isEqualTo("0");
    }

    /** Migration 1, which nothing keeps from going on but its settings. */
    private void interruptBeforeTheSwap() throws SQLException {
        Connector connector = new Connector(
                ConnectionSettings.resolve(Optional.of(database.url()), Map.of(), Path.of("no-home"), warning -> {}));
        MigrationSettings hasty = MigrationSettings.DEFAULT.with(new CutoverSettings(
                new LockRetry(Duration.ofMillis(50), 1, Duration.ofMillis(10), below -> 0),
                Duration.ofSeconds(5),
                Duration.ofSeconds(1),
                30));
        MigrationRequest request = new MigrationRequest(
                new AlterRequest(Optional.of(TABLE.sql()), List.of(TO_BIGINT), Map.of(), List.of()),
                1,
                false,
                VerifyMode.OFF);
        try (Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            reader.setAutoCommit(false);
            statement.execute("LOCK TABLE %s IN ACCESS SHARE MODE".formatted(TABLE));
            Migration migration =
                    new Migration(new Database(connector::connect, connector::connectForReplication), request, hasty);
            assertThatThrownBy(migration::run).isInstanceOf(InterruptedMigrationException.class);
        }
    }

    @Test
    void verifyComparesTheTablesOfAnInterruptedMigration() throws IOException, SQLException {
        interruptBeforeTheSwap();

        Cli.Result text = cli("verify", "1");
        Cli.Result json = cli("verify", "--json", "--workers", "3", "1");

        assertThat(text.exitCode()).as(text.err()).isZero();
        assertThat(text.out()).isEqualTo("""
            Equal: each of the 1,000 rows of %s is in the new table as it should be, and nothing else.
            """.formatted(TABLE));
        assertThat(text.err()).isNotEmpty();
        assertThat(json.exitCode()).isZero();
        assertThat(json.json().toString())
                .isEqualTo("{\"state\":\"done\",\"id\":1,\"table\":%s,\"verified\":true,\"rowsVerified\":1000}"
                        .formatted(TextNode.valueOf(TABLE.sql())));

        Cli.Result run = cli("run", "--json", "--table", TABLE.sql(), "--alter", TO_BIGINT);
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().path("verify").asText()).isEqualTo("full");
        assertThat(run.json().path("rowsVerified").asInt()).isEqualTo(1_000);
    }

    @Test
    void verifyNamesWhatDiffersAndKeepsItUntilAbort() throws IOException, SQLException {
        interruptBeforeTheSwap();
        database.execute(
                "DELETE FROM walshift_1.%s WHERE id = 12".formatted(TABLE.name().sql()));

        Cli.Result verify = cli("verify", "--json", "1");
        Cli.Result run = cli("run", "--json", "--table", TABLE.sql(), "--alter", TO_BIGINT);
        Cli.Result status = cli("status");
        Cli.Result abort = cli("abort", "1");

        assertThat(verify.exitCode()).isEqualTo(4);
        assertThat(verify.err()).contains("Failed: ", "(12) is missing", "walshift abort 1");
        assertThat(verify.json().at("/problem/code").asText()).isEqualTo("DIFFERENCE_FOUND");
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.json().at("/problem/message").asText()).contains("(12) is missing");
        assertThat(status.out()).contains("differs", "(12) is missing");
        assertThat(typeOfId()).isEqualTo("integer");
        assertThat(abort.exitCode()).as(abort.err()).isZero();
        assertThat(objectsOfOurs()).isEqualTo("0");
    }

    @Test
    void verifyRefusesWhatCannotBeCompared() throws IOException {
        Cli.Result none = cli("verify", "--json", "1");
        Cli.Result many = cli("verify", "--workers", "65", "1");

        assertThat(none.exitCode()).isEqualTo(3);
        assertThat(none.json().path("state").asText()).isEqualTo("refused");
        assertThat(many.exitCode()).isEqualTo(2);
    }

    @Test
    void statusOfADatabaseThatHasSeenNoMigrations() throws IOException {
        assertThat(cli("status").out()).isEqualTo("This database has seen no migrations.%n".formatted());
        assertThat(cli("status", "--json").json().path("migrations")).isEmpty();
    }

    @Test
    void statusListsWhatWasDone() throws IOException {
        cli("run", "--table", TABLE.sql(), "--alter", TO_BIGINT);
        cli("run", "--table", TABLE.sql(), "--alter", "ALTER COLUMN note TYPE int USING note::int");

        Cli.Result text = cli("status");
        JsonNode migrations = cli("status", "--json").json().path("migrations");

        assertThat(text.exitCode()).isZero();
        assertThat(text.outLines().getFirst()).matches("ID +TABLE +STATE .*");
        assertThat(text.out()).contains(TABLE.sql(), "Problem: ", "What to do: ");
        assertThat(migrations).hasSize(2);
        assertThat(migrations)
                .allSatisfy(migration ->
                        assertThat(migration.path("table").asText()).isEqualTo(TABLE.sql()));
        // The newest comes first.
        assertThat(migrations.get(0).path("state").asText()).isEqualTo("FAILED");
        assertThat(migrations.get(0).at("/problem/message").asText()).containsPattern("\"note \\d+\"");
        assertThat(migrations.get(1).path("state").asText()).isEqualTo("FINISHED");
        assertThat(migrations.get(1).path("problem").isNull()).isTrue();
    }
}
