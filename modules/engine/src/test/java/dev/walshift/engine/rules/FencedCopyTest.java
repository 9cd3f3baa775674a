package dev.walshift.engine.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.copy.FencedCopy;
import dev.walshift.engine.table.XidFence;
import dev.walshift.postgres.Xid;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Rule: of each row the copy takes the version that is older than the fence, so that chunks with different snapshots never give a row
 * twice; and the pages are counted after the fence, so that no such version is left out.
 */
class FencedCopyTest {
    private static final int ROWS = 10;

    @RegisterExtension
    private final FatTable source = new FatTable(ROWS);

    @Test
    void aRowThatMovesToALaterPageIsCopiedOnce() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            XidFence fence = scene.beginCopy();
            FencedCopy.Chunk first = scene.copyPage(fence);
            scene.application(FatRows.update(1));
            scene.finishCopy(fence);

            assertThat(first.copied()).isEqualTo(FatRows.ROWS_PER_PAGE);
            assertThat(scene.repeatedKeys()).isZero();
            assertThat(scene.shadowRows()).isEqualTo(ROWS);
            assertThat(scene.loggedKeys()).contains("(1)");

            scene.exactStep(scene.startPump());
            assertThat(scene.differences()).isZero();
        }
    }

    @Test
    void withoutAFenceItWouldBeCopiedTwice() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.beginCopy();
            XidFence none = inTheFuture(scene);
            scene.copyPage(none);
            scene.application(FatRows.update(1));
            scene.copyRest(none);

            assertThat(scene.repeatedKeys()).isEqualTo(1);
            assertThat(scene.shadowRows()).isEqualTo(ROWS + 1);
        }
    }

    @Test
    void aRowThatMovesToAnEarlierPageIsNotLost() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.application("DELETE FROM {t} WHERE \"order\" = 1", "VACUUM {t}");
            XidFence fence = scene.beginCopy();
            scene.copyPage(fence);
            scene.application(FatRows.update(ROWS - 1));
            assertThat(pageOf(scene, ROWS - 1)).isZero();
            scene.finishCopy(fence);

            assertThat(scene.shadowRows()).isEqualTo(ROWS - 2);
            scene.exactStep(scene.startPump());
            assertThat(scene.shadowRows()).isEqualTo(ROWS - 1);
            assertThat(scene.differences()).isZero();
        }
    }

    @Test
    void rowsAddedBetweenSlotAndFenceAreCounted() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.application(FatRows.insert(ROWS + 1, 3 * ROWS));
            XidFence fence = scene.beginCopy();
            scene.finishCopy(fence);

            // By the copy alone: the stream is not read yet.
            assertThat(scene.shadowRows()).isEqualTo(3 * ROWS);
            assertThat(scene.differences()).isZero();
        }
    }

    @Test
    void pagesCountedBeforeTheSlotWouldLoseRows() throws SQLException {
        try (Scene scene = Scene.of(source.database(), FatRows.KEY)) {
            long tooEarly = scene.pages();
            scene.application(FatRows.insert(ROWS + 1, 3 * ROWS));
            scene.publish();
            scene.createSlot();
            XidFence fence = scene.beginCopy();
            scene.beginCopyOf(tooEarly);
            scene.finishCopy(fence);

            int seen = Math.toIntExact(tooEarly) * FatRows.ROWS_PER_PAGE;
            assertThat(scene.differencesInExactStep(scene.startPump())).isEqualTo(3 * ROWS - seen);
        }
    }

    /** Nothing is as new as that, so the predicate leaves nothing out. */
    private static XidFence inTheFuture(Scene scene) throws SQLException {
        return new XidFence(new Xid(scene.nextXid().value() + 1_000_000));
    }

    private static long pageOf(Scene scene, int row) throws SQLException {
        return scene.session()
                .queryOne(
                        Scene.sql("SELECT (ctid::text::point)[0]::bigint FROM {t} WHERE \"order\" = ?"),
                        r -> r.getLong(1),
                        row);
    }
}
