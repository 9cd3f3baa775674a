package dev.walshift.engine.rules;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StoppedException;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.table.XidFence;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Rule: the copy begins when every transaction that is older than the fence has ended. */
class FenceWaitTest {
    private static final int ROWS = 10;
    private static final SqlTemplate BEGIN = SqlTemplate.of("BEGIN");
    private static final SqlTemplate COMMIT = SqlTemplate.of("COMMIT");
    private static final SqlTemplate FENCE_DRAWN =
            SqlTemplate.of("SELECT fence IS NOT NULL FROM walshift.migration WHERE id = ?");
    private static final SqlTemplate CANCEL_SLOT = SqlTemplate.of("""
        SELECT pg_cancel_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'
           AND query LIKE 'SELECT pg_create_logical_replication_slot%'
        """);

    @RegisterExtension
    private final FatTable source = new FatTable(ROWS);

    @Test
    void anOpenTransactionHoldsTheCopyBackUntilItEnds() throws Exception {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY);
                Session writer = scene.database().openAsUser("old writer");
                Session look = scene.database().open("look")) {
            writer.execute(BEGIN);
            writer.execute(Scene.sql(FatRows.update(1)));
            Background<XidFence> begun = Background.start(scene::beginCopy);
            await().until(() -> look.queryOne(FENCE_DRAWN, row -> row.getBoolean(1), scene.migration()));
            await().during(Duration.ofMillis(200)).until(() -> !begun.isDone());

            // The pages that it still adds belong to the copy too.
            writer.execute(Scene.sql(FatRows.insert(ROWS + 1, 3 * ROWS)));
            writer.execute(COMMIT);
            scene.finishCopy(begun.join());

            assertThat(scene.shadowRows()).isEqualTo(3 * ROWS);
            assertThat(scene.differences()).isZero();
        }
    }

    @Test
    void withoutTheWaitARowWouldBeCopiedInTwoVersions() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY);
                Session writer = scene.database().openAsUser("old writer")) {
            scene.beginCopy();
            writer.execute(BEGIN);
            writer.execute(Scene.sql(FatRows.update(1)));
            XidFence fence = new Journal().drawFence(scene.session(), scene.migration());
            scene.copyPage(fence);
            writer.execute(COMMIT);
            scene.copyRest(fence);

            assertThat(scene.repeatedKeys()).isEqualTo(1);
        }
    }

    /** The slot waits too, for what ran before it; when it gives up, as here when its statement is cancelled, it says for whom. */
    @Test
    void whoHoldsItBackIsNamed() throws Exception {
        Database connections = Scene.database(source.database());
        try (Session writer = connections.openAsUser("old writer");
                Session look = connections.open("look")) {
            writer.execute(BEGIN);
            writer.execute(Scene.sql(FatRows.update(1)));
            source.database().execute("BEGIN; CREATE TABLE prepared (); PREPARE TRANSACTION 'it''s prepared'");
            Background<Scene> made =
                    Background.start(() -> Scene.planned(source.database(), "ALTER COLUMN \"Group by\" TYPE bigint"));
            await().until(() ->
                    look.queryFirst(CANCEL_SLOT, row -> row.getBoolean(1)).orElse(false));

            assertThatThrownBy(made::join)
                    .isInstanceOfSatisfying(
                            MigrationException.class,
                            e -> assertThat(e.code()).isEqualTo(ProblemCode.BLOCKED_BY_TRANSACTION))
                    .hasMessageContaining("walshift old writer, idle in transaction")
                    .hasMessageContaining("prepared transaction 'it''s prepared'");
        }
    }

    @Test
    void theWaitEndsWhenItIsToldTo() throws Exception {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY);
                Session writer = scene.database().openAsUser("old writer");
                Session look = scene.database().open("look")) {
            writer.execute(BEGIN);
            writer.execute(Scene.sql(FatRows.update(1)));
            Background<XidFence> begun = Background.start(scene::beginCopy);
            await().until(() -> look.queryOne(FENCE_DRAWN, row -> row.getBoolean(1), scene.migration()));
            scene.goOn().raise();

            assertThatThrownBy(begun::join).isInstanceOf(StoppedException.class);
            assertThat(scene.progress().stripes(look)).isEmpty();
        }
    }
}
