package dev.walshift.engine.rules;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StoppedException;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.journal.VerifyProgress.Scan;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Rules of the comparison: any byte and any row, both ways, and never twice. */
class VerifyTest {
    private static final SqlTemplate EVIDENCE = SqlTemplate.of("""
        SELECT concat_ws('|', kind, key, columns, source_row, shadow_row) FROM {log}.differences ORDER BY key
        """);
    private static final SqlTemplate WORKERS_LAUNCHED = SqlTemplate.of(
            "SELECT parallel_workers_launched::text FROM pg_stat_database WHERE datname = current_database()");
    /** Two steps' worth of pages. */
    private static final int MANY_PAGES = 600;

    private static final int FIRST_STEP = 512;

    private static TestDatabase smallTable(ServerVersion server) throws SQLException {
        TestDatabase database = SharedServers.freshDatabase(server);
        for (String statement : new String[] {
            "CREATE SCHEMA \"%s\"".formatted(Scene.SOURCE.schema().name().replace("\"", "\"\"")),
            "CREATE TABLE {t} (\"order\" int PRIMARY KEY, \"Group by\" numeric, filler text, c char(8))",
            "INSERT INTO {t} SELECT i, i + 0.0, CASE WHEN i % 5 = 0 THEN '' END, 'ab' FROM generate_series(1, 20) AS i"
        }) {
            database.execute(Scene.sql(statement).sql());
        }
        return database;
    }

    private static TestDatabase largeTable() throws SQLException {
        TestDatabase database = SharedServers.freshDatabase();
        for (String statement : FatRows.create(MANY_PAGES * FatRows.ROWS_PER_PAGE)) {
            database.execute(Scene.sql(statement).sql());
        }
        return database;
    }

    static Stream<Arguments> serversAndModes() {
        return PostgresServer.defaultMajors().stream()
                .flatMap(server ->
                        Stream.of(VerifyMode.FULL, VerifyMode.SAMPLE).map(mode -> Arguments.of(server, mode)));
    }

    @ParameterizedTest
    @MethodSource("serversAndModes")
    void findsAndKeepsEachByteThatDiffers(ServerVersion server, VerifyMode mode) throws SQLException {
        try (TestDatabase database = smallTable(server);
                Scene scene = Scene.streaming(database, "order")) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.shadow("UPDATE {t} SET filler = 'tampered' WHERE \"order\" = 11");
            scene.shadow("UPDATE {t} SET \"Group by\" = 12.00 WHERE \"order\" = 12");
            scene.shadow("UPDATE {t} SET \"Group by\" = 4711, c = 'abc' WHERE \"order\" = 13");
            scene.shadow("UPDATE {t} SET filler = '' WHERE \"order\" = 14");
            scene.shadow("UPDATE {t} SET filler = NULL WHERE \"order\" = 15");
            scene.shadow("DELETE FROM {t} WHERE \"order\" = 16");
            scene.application("UPDATE {t} SET filler = 'rightly changed' WHERE \"order\" = 1");

            assertDiffers(
                    scene,
                    barrier,
                    mode,
                    "(11) differs in filler; (12) differs in Group by; (13) differs in Group by, c; (14) differs in"
                            + " filler; (15) differs in filler; (16) is missing");
            assertThat(scene.query(EVIDENCE.with("log", scene.table().keyLog().schema())))
                    .containsExactly(
                            "DIFFERENT|(11)|{filler}|(11,11.0,,\"ab      \")|(11,11.0,tampered,\"ab      \")",
                            "DIFFERENT|(12)|{\"Group by\"}|(12,12.0,,\"ab      \")|(12,12.00,,\"ab      \")",
                            "DIFFERENT|(13)|{\"Group by\",c}|(13,13.0,,\"ab      \")|(13,4711,,\"abc     \")",
                            "DIFFERENT|(14)|{filler}|(14,14.0,,\"ab      \")|(14,14.0,\"\",\"ab      \")",
                            "DIFFERENT|(15)|{filler}|(15,15.0,\"\",\"ab      \")|(15,15.0,,\"ab      \")",
                            "MISSING_IN_SHADOW|(16)|{}|(16,16.0,,\"ab      \")");
        }
    }

    @ParameterizedTest
    @MethodSource("serversAndModes")
    void findsARowTooMany(ServerVersion server, VerifyMode mode) throws SQLException {
        try (TestDatabase database = smallTable(server);
                Scene scene = Scene.streaming(database, "order")) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.shadow("INSERT INTO {t} VALUES (21, 21.0, 'tampered', 'ab')");

            assertDiffers(scene, barrier, mode, "(21) is not in the table in use");
            assertThat(scene.query(EVIDENCE.with("log", scene.table().keyLog().schema())))
                    .containsExactly("NOT_IN_SOURCE|(21)|{}|(21,21.0,tampered,\"ab      \")");
        }
    }

    private static void assertDiffers(Scene scene, KeyBarrier barrier, VerifyMode mode, String difference)
            throws SQLException {
        assertThatThrownBy(() -> scene.verify(barrier, mode))
                .isInstanceOfSatisfying(
                        MigrationException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.DIFFERENCE_FOUND))
                .hasMessageEndingWith(": " + difference)
                .hasMessageNotContainingAny("tampered", "4711");
        assertThat(scene.state()).isInstanceOf(MigrationState.Differs.class);
    }

    @ParameterizedTest
    @EnumSource(names = {"FULL", "SAMPLE"})
    void findsNothingWhereAllIsEqual(VerifyMode mode) throws SQLException {
        try (TestDatabase database = smallTable(PostgresServer.defaultMajors().getLast());
                Scene scene = Scene.streaming(database, "order")) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.application(
                    "UPDATE {t} SET \"order\" = \"order\" + 100 WHERE \"order\" < 5",
                    "DELETE FROM {t} WHERE \"order\" = 9");

            scene.verify(barrier, mode);

            assertThat(scene.scans()).hasSize(2).allSatisfy(scan -> {
                assertThat(scan.isDone()).isTrue();
                assertThat(scan.rowsCompared()).isEqualTo(19);
                assertThat(scan.seed().isPresent()).isEqualTo(mode == VerifyMode.SAMPLE);
            });
        }
    }

    @Test
    void namesTenOfManyAndKeepsAll() throws SQLException {
        try (TestDatabase database = smallTable(PostgresServer.defaultMajors().getLast());
                Scene scene = Scene.streaming(database, "order")) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.shadow("DELETE FROM {t}");

            assertThatThrownBy(() -> scene.verify(barrier, VerifyMode.FULL))
                    .hasMessageContaining("; and 10 rows more nearby");
            assertThat(scene.query(EVIDENCE.with("log", scene.table().keyLog().schema())))
                    .hasSize(20);
        }
    }

    @Test
    void goesOnBehindThePagesThatWereCompared() throws SQLException {
        try (TestDatabase database = largeTable();
                Scene scene = Scene.streaming(database, FatRows.KEY)) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            stopAfterTheFirstStep(scene, barrier);

            Scan stopped = scene.scans().getFirst();
            assertThat(stopped.nextPage()).isEqualTo(FIRST_STEP);
            assertThat(stopped.rowsCompared()).isEqualTo((long) FIRST_STEP * FatRows.ROWS_PER_PAGE);

            // Only who begins anew meets this one ...
            scene.shadow("UPDATE {t} SET \"Group by\" = 5 WHERE \"order\" = 1");
            scene.verify(barrier, VerifyMode.FULL);
            assertThat(scene.scans()).allMatch(Scan::isDone);
            assertThat(scene.scans().getFirst().rowsCompared()).isEqualTo((long) MANY_PAGES * FatRows.ROWS_PER_PAGE);

            // ... as the copy that begins anew makes everybody do.
            scene.copy();
            assertThat(scene.scans()).isEmpty();
        }
    }

    @Test
    void comparesTheRestAfterAStop() throws SQLException {
        try (TestDatabase database = largeTable();
                Scene scene = Scene.streaming(database, FatRows.KEY)) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            stopAfterTheFirstStep(scene, barrier);
            int behind = (FIRST_STEP + 1) * FatRows.ROWS_PER_PAGE;
            scene.shadow("UPDATE {t} SET \"Group by\" = 5 WHERE \"order\" = %d".formatted(behind));

            assertThatThrownBy(() -> scene.verify(barrier, VerifyMode.FULL))
                    .hasMessageEndingWith(": (%d) differs in Group by".formatted(behind));
            assertThat(scene.scans().getFirst().nextPage()).isEqualTo(FIRST_STEP);
        }
    }

    @Test
    void theServersWorkersSeeWhatTheStepHasWritten() throws SQLException {
        try (TestDatabase database = largeTable();
                Scene scene = Scene.streaming(database, FatRows.KEY)) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.application(
                    "UPDATE {t} SET \"Group by\" = \"order\" WHERE \"order\" % 10 = 0",
                    "UPDATE {t} SET \"order\" = -\"order\" WHERE \"order\" % 10 = 1",
                    "DELETE FROM {t} WHERE \"order\" % 10 = 2");

            // What the step copies again is not committed when it is compared.
            scene.verify(barrier, VerifyMode.FULL);

            assertThat(scene.scans()).allMatch(Scan::isDone);
            // Before, the server does not count them.
            assumeThat(PostgresServer.defaultMajors().getLast().isAtLeast(18)).isTrue();
            await().until(() -> !scene.query(WORKERS_LAUNCHED).equals(List.of("0")));
        }
    }

    @Test
    void aStepThatIsRolledBackComparedNothing() throws SQLException {
        try (TestDatabase database = largeTable();
                Scene scene = Scene.streaming(database, FatRows.KEY)) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();

            assertThatThrownBy(() -> scene.verify(
                            barrier,
                            VerifyMode.FULL,
                            exact -> work -> exact.in(transaction -> {
                                work.run(transaction);
                                throw new StoppedException();
                            })))
                    .isInstanceOf(StoppedException.class);
            assertThat(scene.scans())
                    .allSatisfy(scan -> assertThat(scan.nextPage()).isZero());
        }
    }

    @Test
    void aSampleDoesNotServeWhoWantsEveryRowButEveryRowServesAll() throws SQLException {
        try (TestDatabase database = smallTable(PostgresServer.defaultMajors().getLast());
                Scene scene = Scene.streaming(database, "order")) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();

            scene.verify(barrier, VerifyMode.SAMPLE);
            assertThat(scene.scans()).allMatch(scan -> scan.seed().isPresent());
            scene.verify(barrier, VerifyMode.FULL);
            assertThat(scene.scans()).allMatch(scan -> scan.seed().isEmpty());
            scene.verify(barrier, VerifyMode.SAMPLE);
            assertThat(scene.scans()).allMatch(scan -> scan.seed().isEmpty());
        }
    }

    private static void stopAfterTheFirstStep(Scene scene, KeyBarrier barrier) {
        AtomicInteger steps = new AtomicInteger();
        assertThatThrownBy(() -> scene.verify(barrier, VerifyMode.FULL, exact -> work -> {
                    if (steps.getAndIncrement() == 1) {
                        throw new StoppedException();
                    }
                    exact.in(work);
                }))
                .isInstanceOf(StoppedException.class);
    }
}
