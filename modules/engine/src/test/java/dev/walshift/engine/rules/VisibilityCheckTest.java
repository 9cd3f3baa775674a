package dev.walshift.engine.rules;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.changes.ChangeBatch;
import dev.walshift.engine.changes.ChangedKey;
import dev.walshift.engine.changes.PgoutputStream;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.sync.ExactStep;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Rule: a key is applied by a snapshot that sees its transaction. A commit is in the WAL, and so in the stream, before other sessions can
 * see it; beside a synchronous standby that is late, long before.
 */
class VisibilityCheckTest {
    private static final SqlTemplate DELETE = SqlTemplate.of("DELETE FROM {shadow} WHERE \"order\" = ?::int");
    private static final SqlTemplate REREAD =
            SqlTemplate.of("INSERT INTO {shadow} SELECT * FROM ONLY {source} WHERE \"order\" = ?::int");

    private static LateStandby servers;
    private TestDatabase database;

    @BeforeAll
    static void startServers() throws SQLException {
        servers = LateStandby.shared();
    }

    @BeforeEach
    void createTable() throws SQLException {
        database = TestDatabase.create(servers.primary());
        for (String statement : FatRows.create(5)) {
            database.execute(Scene.sql(statement).sql());
        }
    }

    @AfterEach
    void dropTable() throws SQLException {
        servers.resume();
        database.close();
    }

    @Test
    void aKeyWaitsUntilItsTransactionIsVisible() throws Exception {
        try (Scene scene = Scene.streaming(database, FatRows.KEY);
                Session writer = LateStandby.patient(database.connect())) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.exactStep(barrier);
            Background<Boolean> commit = beginToCommit(writer);
            await().until(() -> scene.loggedKeys().equals(List.of("(1)")));

            ExactStep.Reached tooEarly = scene.exactStep(barrier);
            assertThat(tooEarly.keys()).isZero();
            assertThat(scene.loggedKeys()).containsExactly("(1)");
            assertThat(commit.isDone()).isFalse();

            servers.resume();
            commit.join();
            assertThat(scene.exactStep(barrier).keys()).isEqualTo(1);
            assertThat(scene.loggedKeys()).isEmpty();
            assertThat(scene.differences()).isZero();
        }
    }

    @Test
    void aRowReReadAsSoonAsItsChangeIsDecodedWouldBeStaleForEver() throws Exception {
        try (Scene scene = Scene.streaming(database, FatRows.KEY);
                Session writer = LateStandby.patient(database.connect());
                PgoutputStream stream = scene.openStream()) {
            scene.copy();
            Background<Boolean> commit = beginToCommit(writer);
            applyAtOnce(scene, awaitKeys(stream));
            servers.resume();
            commit.join();

            // Nothing will ever say again that row 1 changed.
            assertThat(awaitNothing(stream)).isEmpty();
            assertThat(scene.differences()).isEqualTo(2);
        }
    }

    /** Updates row 1 and returns while its commit, which is in the WAL, waits for the standby. */
    private static Background<Boolean> beginToCommit(Session writer) throws SQLException {
        servers.pause();
        Background<Boolean> commit = Background.run(() -> writer.execute(Scene.sql(FatRows.update(1))));
        await().until(() -> servers.waiting() == 1);
        return commit;
    }

    private static List<ChangedKey> awaitKeys(PgoutputStream stream) throws SQLException {
        List<ChangedKey> keys = new ArrayList<>();
        await().pollDelay(Duration.ZERO).until(() -> {
            stream.poll(Duration.ofMillis(100)).map(ChangeBatch::keys).ifPresent(keys::addAll);
            return !keys.isEmpty();
        });
        assertThat(keys).extracting(ChangedKey::values).containsExactly(List.of("1"));
        return keys;
    }

    private static List<ChangedKey> awaitNothing(PgoutputStream stream) throws SQLException {
        return stream.poll(Duration.ofMillis(300)).map(ChangeBatch::keys).orElse(List.of());
    }

    /** What a tool does that believes the stream. */
    private static void applyAtOnce(Scene scene, List<ChangedKey> keys) throws SQLException {
        for (ChangedKey key : keys) {
            scene.session().transact(tx -> {
                tx.update(
                        DELETE.with("shadow", scene.table().shadow()),
                        key.values().getFirst());
                tx.update(
                        REREAD.with("shadow", scene.table().shadow()).with("source", Scene.SOURCE),
                        key.values().getFirst());
            });
        }
    }
}
