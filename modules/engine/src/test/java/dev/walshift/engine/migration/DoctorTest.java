package dev.walshift.engine.migration;

import static dev.walshift.engine.Patience.await;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.MigrationException;
import dev.walshift.engine.changes.PgoutputStream;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.migration.Finding.Kind;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.Xid;
import dev.walshift.testkit.OnMajors;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;

/** What the doctor finds of what was left behind, what it cleans, and what it never touches. */
@ParameterizedClass
@OnMajors
final class DoctorTest {
    private static final QualifiedName TABLE = QualifiedName.of("Shop \"east\"", "select it's {all} 100%");
    private static final List<Kind> ALL_OF_A_MIGRATION = List.of(
            Kind.PUBLICATION, Kind.SLOT, Kind.REPLICA_IDENTITY, Kind.SEQUENCE, Kind.SCHEMA, Kind.SCHEMA, Kind.SCHEMA);
    private static final int ROWS = 1_000;

    /** Not the common pool: on two cores it has one thread. */
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private final ServerVersion version;
    private TestDatabase database;
    private Connection connection;

    DoctorTest(ServerVersion version) {
        this.version = version;
    }

    /** A serial, so that a sequence is released; and no primary key, so that the replica identity is changed. */
    @BeforeEach
    void makeTable() throws SQLException {
        database = SharedServers.freshDatabase(version);
        connection = database.connect();
        database.execute(
                "CREATE SCHEMA " + TABLE.schema().sql(),
                "CREATE TABLE %s (id serial, n int)".formatted(TABLE),
                "CREATE UNIQUE INDEX \"it's the key\" ON %s (id)".formatted(TABLE),
                "INSERT INTO %s (n) SELECT generate_series(1, %d)".formatted(TABLE, ROWS));
    }

    @AfterEach
    void dropTable() throws SQLException {
        threads.shutdownNow();
        connection.close();
        database.close();
    }

    private Migration migration(String alter) {
        return Scenario.migration(database, Scenario.request(TABLE.sql(), alter));
    }

    private Migration migration() {
        return migration("ALTER id TYPE bigint");
    }

    /** Something to do while a migration has everything made and changed, but can't swap. */
    private interface AtTheSwap {
        void run() throws SQLException;
    }

    private void stopAtTheSwap(AtTheSwap meanwhile) throws SQLException {
        try (Gate gate = Gate.closedAt(database, ROWS);
                Connection reader = database.connect();
                Statement statement = reader.createStatement()) {
            Migration migration = migration("ALTER id TYPE bigint, ALTER n TYPE bigint USING public.gate(n)");
            CompletableFuture<MigrationReport> running = supplyAsync(migration::run, threads);
            gate.awaitArrival();
            // Not before: the change of the replica identity would wait for it too.
            reader.setAutoCommit(false);
            statement.execute("LOCK TABLE %s IN ACCESS SHARE MODE".formatted(TABLE));
            gate.open();
            await().until(() -> migration.progress().detail().contains("lock not granted"));
            meanwhile.run();
            migration.stop();
            assertThatThrownBy(running::join).hasCauseInstanceOf(InterruptedMigrationException.class);
            reader.rollback();
        }
    }

    private void stopAndLoseTheJournal() throws SQLException {
        stopAtTheSwap(() -> {});
        database.execute("DROP SCHEMA walshift CASCADE");
    }

    private Doctor doctor() {
        LockRetry locks = new LockRetry(Duration.ofMillis(100), 2, Duration.ofMillis(20), below -> below / 2);
        return new Doctor(TestConnections.database(database), Scenario.SETTINGS.with(locks));
    }

    private List<Kind> kinds() throws SQLException {
        return doctor().examine().stream().map(Finding::kind).toList();
    }

    private List<String> list(String query) throws SQLException {
        return Scenario.list(connection, query);
    }

    private String one(String query) throws SQLException {
        return list(query).getFirst();
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private void assertSourceIsAsBefore(QualifiedName table, String column) throws SQLException {
        assertThat(one("SELECT relreplident::text FROM pg_class WHERE oid = %s::regclass"
                        .formatted(literal(table.sql()))))
                .isEqualTo("d");
        assertThat(one("SELECT pg_get_serial_sequence(%s, %s)".formatted(literal(table.sql()), literal(column))))
                .contains("_id_seq");
        assertThat(one("SELECT count(*) FROM " + table)).isEqualTo(Integer.toString(ROWS));
    }

    private void assertNothingAtAllIsLeft() throws SQLException {
        Scenario.assertNothingLeft(connection);
        assertThat(list("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'walshift%retired'"))
                .isEmpty();
        assertThat(kinds()).isEmpty();
    }

    @Test
    void hasNothingToSayOfADatabaseThatIsWell() throws SQLException {
        assertThat(kinds()).isEmpty();

        MigrationReport report = migration().run();

        List<Finding> findings = doctor().examine();
        assertThat(findings).singleElement().satisfies(finding -> {
            assertThat(finding.kind()).isEqualTo(Kind.RETIRED_TABLE);
            assertThat(finding.isFault()).isFalse();
            assertThat(finding.object())
                    .isEqualTo(report.retired().orElseThrow().sql());
        });
        assertThat(doctor().clean()).isEmpty();
        assertThat(one("SELECT count(*) FROM " + report.retired().orElseThrow()))
                .isEqualTo(Integer.toString(ROWS));
    }

    @Test
    void tellsOfAnUnfinishedMigrationAndTouchesNothingOfIt() throws SQLException {
        stopAtTheSwap(() -> assertThat(kinds()).as("while it runs").isEmpty());

        assertThat(doctor().examine()).singleElement().satisfies(finding -> {
            assertThat(finding.kind()).isEqualTo(Kind.UNFINISHED_MIGRATION);
            assertThat(finding.isFault()).isTrue();
            assertThat(finding.remedy()).contains("walshift resume 1", "walshift abort 1");
        });
        assertThat(doctor().clean()).isEmpty();
        Migration resumed =
                Migration.resume(TestConnections.database(database), 1, Scenario.SETTINGS, asBegun -> asBegun);
        assertThat(resumed.run().verified()).isTrue();
    }

    @Test
    void cleansAllOfAMigrationWhoseJournalIsLost() throws SQLException {
        stopAndLoseTheJournal();
        String slot = one("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()");

        List<Finding> findings = doctor().examine();
        assertThat(findings)
                .allSatisfy(finding -> assertThat(finding.migration()).hasValue(1L))
                .allSatisfy(finding -> assertThat(finding.cleanable()).isTrue())
                .extracting(Finding::kind)
                .containsExactlyElementsOf(ALL_OF_A_MIGRATION);
        assertThat(findings)
                .extracting(Finding::object)
                .contains("\"walshift_1\"", slot, TABLE.sql(), "\"walshift_1_log\"", "\"walshift_1_retired\"");
        assertThat(findings.getFirst().message()).contains("there is no journal", "select it's");
        assertThat(doctor().clean())
                .hasSize(ALL_OF_A_MIGRATION.size())
                .allSatisfy(treatment -> assertThat(treatment.failure()).isEmpty());

        assertSourceIsAsBefore(TABLE, "id");
        assertNothingAtAllIsLeft();
        assertThat(migration().run().verified()).isTrue();
    }

    @Test
    void cleansAllOfAMigrationThatTheJournalSaysIsOver() throws SQLException {
        stopAtTheSwap(() -> {});
        database.execute(
                "UPDATE walshift.migration SET state = 'FAILED', problem_code = 'STOPPED', problem = 'x', remedy ="
                        + " 'y'");

        assertThat(kinds()).containsExactlyElementsOf(ALL_OF_A_MIGRATION);
        doctor().clean();

        assertSourceIsAsBefore(TABLE, "id");
        assertNothingAtAllIsLeft();
    }

    @Test
    void keepsWhatTellsHowToPutTheSourceRightUntilItIs() throws SQLException {
        stopAndLoseTheJournal();
        try (Connection writer = database.connect();
                Statement statement = writer.createStatement()) {
            writer.setAutoCommit(false);
            statement.execute("LOCK TABLE %s IN ROW EXCLUSIVE MODE".formatted(TABLE));

            assertThat(doctor().clean())
                    .filteredOn(treatment -> treatment.failure().isPresent())
                    .extracting(treatment -> treatment.finding().kind())
                    .contains(Kind.REPLICA_IDENTITY, Kind.SCHEMA);
            writer.rollback();
        }
        assertThat(kinds()).contains(Kind.REPLICA_IDENTITY, Kind.SEQUENCE, Kind.SCHEMA);
        doctor().clean();

        assertSourceIsAsBefore(TABLE, "id");
        assertNothingAtAllIsLeft();
    }

    @Test
    void putsTheSourceRightOnlyWhenNoOtherMigrationOfItIsUnderWay() throws SQLException {
        stopAtTheSwap(() -> {});
        // As if the journal had been restored to a time when this was another migration.
        database.execute("UPDATE walshift.migration SET created_at = created_at - interval '1 day'");

        assertThat(doctor().clean())
                .extracting(treatment -> treatment.finding().object())
                .doesNotContain(TABLE.sql());
        assertThat(one("SELECT relreplident::text FROM pg_class WHERE oid = %s::regclass"
                        .formatted(literal(TABLE.sql()))))
                .isEqualTo("i");
        assertThat(doctor().examine())
                .anySatisfy(finding -> assertThat(finding.message()).contains("of the same table is not finished"));
    }

    @Test
    void neverTouchesWhatOnlyHasASimilarName() throws SQLException {
        String oid = one("SELECT oid FROM pg_database WHERE datname = current_database()");
        List<String> slots = List.of(
                "walshift_orders",
                "walshift_%s_0".formatted(oid),
                "walshift_%s_01".formatted(oid),
                "walshift_1_1",
                "my_walshift_%s_1".formatted(oid),
                "walshift_%s_1_old".formatted(oid));
        for (String slot : slots) {
            database.execute("SELECT pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(slot));
        }
        database.execute(
                "CREATE PUBLICATION walshift_1 FOR TABLE " + TABLE,
                "CREATE PUBLICATION walshift_2",
                "COMMENT ON PUBLICATION walshift_2 IS 'walshift migration 3, begun 1.5'",
                "CREATE SCHEMA walshift_1",
                "CREATE TABLE walshift_1.precious AS SELECT 1 AS a",
                "CREATE SCHEMA walshift_2",
                "COMMENT ON SCHEMA walshift_2 IS 'walshift migration 3, begun 1.5'",
                "CREATE SCHEMA \"walshift_4; DROP\"",
                "COMMENT ON SCHEMA \"walshift_4; DROP\" IS 'walshift migration 4, begun 1.5'",
                "CREATE SCHEMA walshift_5",
                "COMMENT ON SCHEMA walshift_5 IS 'walshift migration 5, begun by me'",
                "ALTER TABLE %s REPLICA IDENTITY USING INDEX \"it's the key\"".formatted(TABLE));

        assertThat(doctor().examine()).isEmpty();
        assertThat(doctor().clean()).isEmpty();
        assertThat(list("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()"))
                .containsExactlyInAnyOrderElementsOf(slots);
        assertThat(list("SELECT pubname FROM pg_publication")).containsExactlyInAnyOrder("walshift_1", "walshift_2");
    }

    @Test
    void keepsWhatOthersPutIntoASchemaOfOursOrBuiltOnIt() throws SQLException {
        stopAndLoseTheJournal();
        database.execute(
                "CREATE TABLE walshift_1_log.precious AS SELECT 1 AS a",
                "CREATE VIEW public.built AS SELECT id FROM walshift_1."
                        + TABLE.name().sql());

        doctor().clean();

        assertThat(doctor().examine())
                .extracting(Finding::object)
                .containsExactlyInAnyOrder("\"walshift_1\"", "\"walshift_1_log\"");
        assertThat(doctor().examine())
                .anySatisfy(finding -> assertThat(finding.message()).contains("precious"));
        assertThat(doctor().clean())
                .singleElement()
                .satisfies(treatment ->
                        assertThat(treatment.failure().orElseThrow()).contains("depend"));
        assertThat(one("SELECT a FROM walshift_1_log.precious")).isEqualTo("1");
        assertThat(one("SELECT count(*) FROM built")).isEqualTo(Integer.toString(ROWS));
        assertSourceIsAsBefore(TABLE, "id");
    }

    private List<Diagnosis.Case> diagnose(Session session, List<Journal.Unfinished> unfinished) throws SQLException {
        return new Diagnosis(session, new Journal(), Scenario.SETTINGS, false, unfinished).of(Leftovers.read(session));
    }

    @Test
    void curesOnlyWhatIsStillAsItWasFound() throws SQLException {
        stopAndLoseTheJournal();
        try (Session session = TestConnections.database(database).open("test")) {
            List<Diagnosis.Case> changed = diagnose(session, List.of()).stream()
                    .filter(found -> found.finding().kind() == Kind.PUBLICATION
                            || found.finding().kind() == Kind.SCHEMA)
                    .toList();
            database.execute(
                    "COMMENT ON PUBLICATION walshift_1 IS 'theirs now'",
                    "ALTER TABLE walshift_1.%s RENAME TO precious"
                            .formatted(TABLE.name().sql()),
                    "CREATE TABLE walshift_1_log.precious (a int)",
                    "COMMENT ON SCHEMA walshift_1_retired IS 'theirs now'");

            assertThat(changed).hasSize(4).allSatisfy(found -> assertIsLeftAlone(found, session));
        }
        assertThat(list("SELECT pubname FROM pg_publication")).containsExactly("walshift_1");
        assertThat(list("SELECT relname FROM pg_class WHERE relname = 'precious'"))
                .hasSize(2);
        assertThat(list("SELECT nspname FROM pg_namespace WHERE nspname = 'walshift_1_retired'"))
                .hasSize(1);
    }

    private static void assertIsLeftAlone(Diagnosis.Case found, Session session) {
        assertThatThrownBy(() -> found.cure().apply(session))
                .isInstanceOf(MigrationException.class)
                .hasMessageContaining("no longer as it was found");
    }

    @Test
    void curesNothingThatAMigrationHasNeedOfMeanwhile() throws SQLException {
        stopAtTheSwap(() -> {});
        try (Session session = TestConnections.database(database).open("test")) {
            // As if it had begun between the diagnosis and the cure.
            List<Diagnosis.Case> cases = diagnose(session, List.of());

            assertThat(cases).extracting(found -> found.finding().kind()).containsExactlyElementsOf(ALL_OF_A_MIGRATION);
            assertThat(cases).allSatisfy(found -> assertIsLeftAlone(found, session));
        }
        assertThat(migration("ALTER id TYPE bigint, ALTER n TYPE bigint USING public.gate(n)")
                        .run()
                        .verified())
                .isTrue();
    }

    /** Somebody dropped the new table and keeps one of his own in its schema. */
    @Test
    void keepsATableThatIsNotTheShadow() throws SQLException {
        stopAndLoseTheJournal();
        database.execute(
                "DROP TABLE walshift_1." + TABLE.name().sql(), "CREATE TABLE walshift_1.precious AS SELECT 1 AS a");

        doctor().clean();

        assertThat(one("SELECT a FROM walshift_1.precious")).isEqualTo("1");
    }

    @Test
    void leavesASlotThatIsInUse() throws Exception {
        stopAndLoseTheJournal();
        long oid = Long.parseLong(one("SELECT oid FROM pg_database WHERE datname = current_database()"));
        Diagnosis.Case whileUnused;
        try (Session session = TestConnections.database(database).open("test")) {
            whileUnused = diagnose(session, List.of()).stream()
                    .filter(found -> found.finding().kind() == Kind.SLOT)
                    .findFirst()
                    .orElseThrow();
        }
        try (Session session = TestConnections.database(database).open("test");
                PgoutputStream stream = PgoutputStream.open(
                        TestConnections.database(database), SlotName.of(oid, 1), List.of(), "none", new Xid(1_000))) {
            await().until(() -> one("SELECT active FROM pg_replication_slots WHERE slot_name = 'walshift_%d_1'"
                            .formatted(oid))
                    .equals("t"));

            assertThat(doctor().examine())
                    .filteredOn(finding -> finding.kind() == Kind.SLOT)
                    .singleElement()
                    .satisfies(finding -> assertThat(finding.cleanable()).isFalse());
            assertThat(doctor().clean())
                    .extracting(treatment -> treatment.finding().kind())
                    .doesNotContain(Kind.SLOT);
            assertThatThrownBy(() -> whileUnused.cure().apply(session)).hasMessageContaining("is active for PID");
            assertThat(stream).isNotNull();
        }
    }

    @Test
    void abortPutsASourceRightThatWasRenamedMeanwhile() throws SQLException {
        stopAtTheSwap(() -> {});
        database.execute(
                "ALTER TABLE %s RENAME COLUMN id TO \"new it's\"".formatted(TABLE),
                "ALTER TABLE %s RENAME TO \"new %%s\"".formatted(TABLE));

        new Abort(TestConnections.database(database)).run(1);

        assertSourceIsAsBefore(QualifiedName.of(TABLE.schema().name(), "new %s"), "new it's");
        assertNothingAtAllIsLeft();
    }

    @Test
    void aFailedMigrationNeverDropsAPublicationThatOnlyHasItsName() throws SQLException {
        database.execute("CREATE PUBLICATION walshift_1");

        assertThatThrownBy(() -> migration().run())
                .isInstanceOf(FailedException.class)
                .hasMessageContaining("walshift_1");
        assertThat(list("SELECT pubname FROM pg_publication")).containsExactly("walshift_1");
        assertSourceIsAsBefore(TABLE, "id");
    }
}
