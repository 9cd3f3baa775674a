package dev.walshift.engine.rules;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.table.XidFence;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.Xid;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rule: the fence is an xid that was assigned after the slot existed, to a transaction of its own, and the copy begins when everything
 * older has ended. The xmax of a snapshot is no such xid: a commit that is in the WAL before the slot begins, but still waits for a
 * standby, is not older than that and yet is never decoded.
 */
class FenceTest {
    private static final Logger log = LoggerFactory.getLogger(FenceTest.class);
    private static final int ROWS = 10;
    private static final int WRITERS = 8;
    private static final int ATTEMPTS = 50;
    private static final SqlTemplate BEGIN = SqlTemplate.of("BEGIN");
    private static final SqlTemplate COMMIT = SqlTemplate.of("COMMIT");
    private static final SqlTemplate OWN_XID = SqlTemplate.of("SELECT pg_current_xact_id()::text");
    private static final SqlTemplate SOMEBODY_WAITS_FOR = SqlTemplate.of(
            "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted AND transactionid ="
                    + " ?::xid8::xid");

    private static LateStandby servers;
    private TestDatabase database;
    private final AtomicInteger nextRow = new AtomicInteger(ROWS + 1);

    @BeforeAll
    static void startServers() throws SQLException {
        servers = LateStandby.shared();
    }

    @BeforeEach
    void createTable() throws SQLException {
        database = TestDatabase.create(servers.primary());
        for (String statement : FatRows.create(ROWS)) {
            database.execute(Scene.sql(statement).sql());
        }
    }

    @AfterEach
    void dropTable() throws SQLException {
        servers.resume();
        servers.delay("0");
        database.close();
    }

    @Test
    void aCommitThatTheSlotMissedIsCopied() throws Exception {
        try (Scene scene = Scene.of(database, FatRows.KEY);
                Session writer = LateStandby.patient(database.connect())) {
            scene.publish();
            Background<Boolean> commit = updateThatTheSlotMisses(scene, writer).commit();
            Background<XidFence> fence = Background.start(scene::beginCopy);
            await().during(Duration.ofMillis(200)).until(() -> !fence.isDone());
            servers.resume();
            commit.join();
            scene.finishCopy(fence.join());

            assertThat(scene.differencesInExactStep(scene.startPump())).isZero();
        }
    }

    @Test
    void withTheXmaxOfASnapshotForAFenceItIsLost() throws Exception {
        try (Scene scene = Scene.of(database, FatRows.KEY);
                Session writer = LateStandby.patient(database.connect())) {
            scene.publish();
            Missed missed = updateThatTheSlotMisses(scene, writer);
            // So a wait for everything older than that would end at once.
            assertThat(scene.oldestXid()).isGreaterThanOrEqualTo(missed.xmax());
            scene.beginCopyOf(scene.pages());
            scene.finishCopy(new XidFence(missed.xmax()));
            servers.resume();
            missed.commit().join();

            // The old version and the new one of row 3.
            assertThat(scene.differencesInExactStep(scene.startPump())).isEqualTo(2);
        }
    }

    @Test
    void copiesAreExactBesideALateStandby() throws Exception {
        servers.delay("300ms");
        assertThat(differencesAfterCopyUnderLoad(Fence.OWN_XID)).isZero();
    }

    @Test
    void withTheXmaxOfASnapshotForAFenceTheyAreNot() throws Exception {
        servers.delay("300ms");
        int wrong = 0;
        int attempts = 0;
        while (wrong == 0 && attempts < ATTEMPTS) {
            attempts++;
            long differences = differencesAfterCopyUnderLoad(Fence.XMAX);
            log.info("copy {} with xmax for a fence: {} rows lost", attempts, differences);
            wrong += differences > 0 ? 1 : 0;
        }
        assertThat(wrong).as("wrong copies in %d attempts", attempts).isPositive();
    }

    private enum Fence {
        OWN_XID,
        XMAX
    }

    private long differencesAfterCopyUnderLoad(Fence kind) throws Exception {
        try (Scene scene = Scene.of(database, FatRows.KEY)) {
            try (SlowInserts inserts = SlowInserts.start(database, WRITERS, nextRow)) {
                await().until(() -> servers.waiting() >= WRITERS / 2);
                scene.publish();
                XidFence xmax = new XidFence(scene.createSlot());
                switch (kind) {
                    case OWN_XID -> scene.finishCopy(scene.beginCopy());
                    case XMAX -> {
                        scene.beginCopyOf(scene.pages());
                        scene.finishCopy(xmax);
                    }
                }
            }
            return scene.differencesInExactStep(scene.startPump());
        }
    }

    /**
     * @param commit of the update of row 3, which is in the WAL before the slot's first change, and waits for the standby
     * @param xmax of a snapshot right after the slot was made
     */
    private record Missed(Background<Boolean> commit, Xid xmax) {}

    /**
     * The server makes a slot in three steps, each waiting for the transactions that ran at the one before (snapbuild.c): what
     * begins after the second step and commits before the third is neither waited for nor decoded.
     */
    private Missed updateThatTheSlotMisses(Scene scene, Session writer) throws Exception {
        try (Session first = scene.database().openAsUser("first");
                Session second = scene.database().openAsUser("second")) {
            Xid firstXid = beginUpdate(first, 1);
            Background<Xid> slot = Background.start(scene::createSlot);
            awaitWaitFor(scene, firstXid);
            Xid secondXid = beginUpdate(second, 2);
            first.execute(COMMIT);
            awaitWaitFor(scene, secondXid);
            servers.pause();
            Background<Boolean> commit = Background.run(() -> writer.execute(Scene.sql(FatRows.update(3))));
            await().until(() -> servers.waiting() == 1);
            second.execute(COMMIT);
            return new Missed(commit, slot.join());
        }
    }

    private static Xid beginUpdate(Session session, int row) throws SQLException {
        session.execute(BEGIN);
        session.execute(Scene.sql(FatRows.update(row)));
        return Xid.parse(session.queryOne(OWN_XID, r -> r.getString(1)));
    }

    private static void awaitWaitFor(Scene scene, Xid transaction) {
        await().until(() -> scene.session().queryOne(SOMEBODY_WAITS_FOR, row -> row.getBoolean(1), transaction));
    }
}
