package dev.walshift.engine.rules;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.changes.ChangeBatch;
import dev.walshift.engine.changes.ChangeStream;
import dev.walshift.engine.changes.ReplicationSlot;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.postgres.Lsn;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Rule: first durable in the key log, then confirmed to the server. */
class ChangePumpTest {
    private static final SqlTemplate LOCK_LOG = SqlTemplate.of("LOCK TABLE {log} IN ACCESS EXCLUSIVE MODE");
    private static final SqlTemplate BEGIN = SqlTemplate.of("BEGIN");
    private static final SqlTemplate ROLLBACK = SqlTemplate.of("ROLLBACK");
    private static final SqlTemplate END_WRITER = SqlTemplate.of("""
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'COPY%'
        """);

    @RegisterExtension
    private final FatTable source = new FatTable(3);

    /** Looks, at each confirmation, how far the journal is. */
    private record Watched(ChangeStream stream, Scene scene, Session look, List<String> tooEarly)
            implements ChangeStream {
        @Override
        public Optional<ChangeBatch> poll(Duration patience) throws SQLException {
            return stream.poll(patience);
        }

        @Override
        public void confirm(Lsn lsn) throws SQLException {
            Lsn durable = new Journal().durable(look, scene.migration()).orElseThrow();
            if (lsn.isAfter(durable)) {
                tooEarly.add("%s confirmed, %s durable".formatted(lsn, durable));
            }
            stream.confirm(lsn);
        }

        @Override
        public void close() throws SQLException {
            stream.close();
        }
    }

    @Test
    void nothingIsConfirmedThatIsNotInTheKeyLog() throws SQLException {
        List<String> tooEarly = new CopyOnWriteArrayList<>();
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY);
                Session look = scene.database().open("look")) {
            KeyBarrier barrier = scene.startPump(stream -> new Watched(stream, scene, look, tooEarly));
            for (int i = 0; i < 20; i++) {
                scene.application(FatRows.update(1 + i % 3));
                if (i % 5 == 0) {
                    scene.settle(barrier);
                }
            }
            scene.settle(barrier);
            assertThat(tooEarly).isEmpty();
            assertThat(scene.loggedKeys()).hasSize(20);
        }
    }

    @Test
    void keysThatCouldNotBeWrittenComeAgain() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY);
                Session lock = scene.database().open("lock")) {
            KeyBarrier barrier = scene.startPump();
            scene.settle(barrier);
            Lsn before = confirmed(scene);
            lock.execute(BEGIN);
            lock.execute(LOCK_LOG.with("log", scene.table().keyLog()));
            scene.application(FatRows.update(1), FatRows.update(2));
            await().until(() ->
                    lock.queryFirst(END_WRITER, row -> row.getBoolean(1)).orElse(false));
            lock.execute(ROLLBACK);

            assertThatThrownBy(() -> barrier.pass(Scene.PATIENCE, scene.goOn()))
                    .isInstanceOfSatisfying(
                            MigrationException.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.STREAM_FAILED))
                    .hasMessageContaining("the change stream broke");
            assertThat(scene.loggedKeys()).isEmpty();
            assertThat(confirmed(scene)).isEqualTo(before);

            scene.stopPump();
            scene.settle(scene.startPump());
            assertThat(scene.loggedKeys()).containsExactlyInAnyOrder("(1)", "(2)");
        }
    }

    @Test
    void theSlotIsConfirmedWhenOthersWrite() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            KeyBarrier barrier = scene.startPump();
            scene.settle(barrier);
            Lsn before = confirmed(scene);
            scene.application("CREATE TABLE others AS SELECT generate_series(1, 1000)");
            await().until(() -> confirmed(scene).bytesSince(before) > 10_000);
        }
    }

    private static Lsn confirmed(Scene scene) throws SQLException {
        return ReplicationSlot.state(scene.session(), scene.slot())
                .orElseThrow()
                .confirmed();
    }
}
