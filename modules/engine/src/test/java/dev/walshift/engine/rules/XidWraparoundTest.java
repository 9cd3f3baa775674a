package dev.walshift.engine.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.table.XidFence;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.Xid;
import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Rule: the heap's 32-bit xids wrap, so a frozen row's raw xmin may look newer than the fence; the copy leaves such a row out and logs
 * its key. The stream's 32-bit xids wrap too, and are widened.
 *
 * <p>On a server that is about to pass 2^32: rows written by its first transactions, all frozen, and a copy that begins shortly before.
 */
class XidWraparoundTest {
    private static final int ROWS = 200;
    private static final long WRAP = 0x1_0000_0000L;
    private static final SqlTemplate FORGET_LEFT_OUT = SqlTemplate.of("DELETE FROM {log} WHERE log_xid = '2'");
    private static final SqlTemplate LOGGED_XID = SqlTemplate.of("SELECT max(log_xid)::text FROM {log} WHERE k1 = ?");

    private static PostgresServer server;
    private static TestDatabase database;

    @BeforeAll
    static void startServer() throws Exception {
        server = PostgresServer.start(
                PostgresServer.defaultMajors().getLast(),
                Map.of("autovacuum", "off", "autovacuum_freeze_max_age", "2000000000"));
        database = TestDatabase.create(server);
        database.execute(
                Scene.sql("CREATE SCHEMA {s}").with("s", Scene.SOURCE.schema()).sql(),
                Scene.sql("CREATE TABLE {t} (\"order\" int PRIMARY KEY, \"Group by\" int)")
                        .sql(),
                Scene.sql("DO $$ BEGIN FOR i IN 1..%d LOOP INSERT INTO {t} VALUES (i, 0); COMMIT; END LOOP; END $$"
                                .formatted(ROWS))
                        .sql());
        XidCounter.freeze(server);
        XidCounter.advance(server, 2_000_000_000L);
        XidCounter.freeze(server);
        XidCounter.advance(server, 4_000_000_000L);
        XidCounter.freeze(server);
        XidCounter.advance(server, WRAP - XidCounter.PAGE);
        XidCounter.burn(database, WRAP - 200);
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Test
    void frozenRowsThatSeemNewAreNotLostAndXidsAreWidened() throws SQLException {
        try (Scene early = Scene.streaming(database, "order");
                Scene scene = Scene.streaming(database, "order");
                Scene mutant = Scene.streaming(database, "order")) {
            // Raw xmins that are yet to come: no snapshot could see such a version unless it is frozen, so it is
            // copied.
            early.copy();
            assertThat(early.shadowRows()).isEqualTo(ROWS);

            XidFence fence = scene.beginCopy();
            XidFence fenceOfMutant = mutant.beginCopy();
            assertThat(fence.first().value()).isLessThan(WRAP);
            Xid before = update(scene, 1);
            assertThat(before.value()).isLessThan(WRAP);
            XidCounter.burn(database, WRAP + 2_000);
            Xid after = update(scene, 2);
            assertThat(after.value()).isGreaterThan(WRAP);
            scene.application("DELETE FROM {t} WHERE \"order\" = 3");

            scene.finishCopy(fence);
            mutant.finishCopy(fenceOfMutant);
            assertThat(scene.shadowRows()).isZero();
            assertThat(scene.loggedKeys()).hasSize(ROWS - 1);

            KeyBarrier barrier = scene.startPump();
            scene.settle(barrier);
            assertThat(loggedXid(scene, 1)).isEqualTo(before);
            assertThat(loggedXid(scene, 2)).isEqualTo(after);
            scene.exactStep(barrier);
            assertThat(scene.shadowRows()).isEqualTo(ROWS - 1);
            assertThat(scene.loggedKeys()).isEmpty();

            mutant.session().execute(FORGET_LEFT_OUT.with("log", mutant.table().keyLog()));
            assertThat(mutant.differencesInExactStep(mutant.startPump())).isEqualTo(ROWS - 3);
        }
    }

    @Test
    void aFenceTooOldToTellOldFromNewIsRefused() throws SQLException {
        try (Scene scene = Scene.streaming(database, "order")) {
            scene.beginCopy();
            long next = scene.nextXid().value();
            XidFence fence = new XidFence(new Xid(next - XidFence.MAX_AGE - 10));
            assertThatThrownBy(() -> scene.copyPage(fence))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("too old to tell old row versions from new ones");
            assertThat(scene.shadowRows()).isZero();
        }
    }

    private static Xid update(Scene scene, int row) throws SQLException {
        try (Session application = scene.database().openAsUser("application")) {
            return Xid.parse(application.queryOne(
                    Scene.sql(
                            "UPDATE {t} SET \"Group by\" = 1 WHERE \"order\" = ? RETURNING pg_current_xact_id()::text"),
                    r -> r.getString(1),
                    row));
        }
    }

    private static Xid loggedXid(Scene scene, int key) throws SQLException {
        return Xid.parse(
                scene.session().queryOne(LOGGED_XID.with("log", scene.table().keyLog()), row -> row.getString(1), key));
    }
}
