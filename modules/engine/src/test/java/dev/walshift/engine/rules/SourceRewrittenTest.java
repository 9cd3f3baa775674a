package dev.walshift.engine.rules;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.SourceRewrittenException;
import dev.walshift.engine.copy.FencedCopy;
import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.pace.Pace;
import dev.walshift.engine.sync.CatchUp;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.SourceGuard;
import dev.walshift.engine.table.XidFence;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Rule: each transaction that reads the source locks it first, and then looks whether it is still the same file. */
class SourceRewrittenTest {
    private static final int ROWS = 30;
    private static final int PAGES = ROWS / FatRows.ROWS_PER_PAGE;
    private static final String DELETE_FIRST_HALF = "DELETE FROM {t} WHERE \"order\" <= " + ROWS / 2;
    private static final SqlTemplate FILENODE = SqlTemplate.of("SELECT pg_relation_filenode({table}::regclass)::bigint")
            .with("table", SqlText.literal(Scene.SOURCE.sql()));
    private static final SqlTemplate WAITS = SqlTemplate.of("""
        SELECT count(*) > 0 FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'VACUUM (FULL)%' AND wait_event_type = 'Lock'
        """);

    @RegisterExtension
    private final FatTable source = new FatTable(ROWS);

    @Test
    void aChunkNoticesVacuumFull() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.application(DELETE_FIRST_HALF);
            XidFence fence = scene.beginCopy();
            copyFirstHalf(scene, fence);
            scene.application("VACUUM (FULL) {t}");

            assertThatThrownBy(() -> scene.copyPage(fence))
                    .isInstanceOf(SourceRewrittenException.class)
                    .hasMessageContaining(Scene.SOURCE.sql());
        }
    }

    @Test
    void pagesCountedInTheOldFileWouldBeOtherPagesInTheNewOne() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.application(DELETE_FIRST_HALF);
            XidFence fence = scene.beginCopy();
            copyFirstHalf(scene, fence);
            scene.application("VACUUM (FULL) {t}");
            Blueprint unguarded = scene.table().withFilenodes(List.of(filenode(scene.session())));
            FencedCopy copy = new FencedCopy(unguarded, unguarded.source(), fence, scene.progress());
            for (var stripe : scene.progress().stripes(scene.session())) {
                copy.copy(scene.session(), stripe, 1);
            }

            assertThat(scene.shadowRows()).isZero();
            assertThat(scene.differences()).isEqualTo(ROWS / 2);
        }
    }

    @Test
    void vacuumFullWaitsForAChunkThatHasBegun() throws Exception {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY);
                Session chunk = scene.database().open("copy")) {
            scene.application(DELETE_FIRST_HALF);
            scene.beginCopy();
            Background<Boolean> vacuum = chunk.inTransaction(Isolation.REPEATABLE_READ, tx -> {
                SourceGuard.hold(tx, scene.table());
                Background<Boolean> begun = Background.run(() -> scene.application("VACUUM (FULL) {t}"));
                await().until(() -> scene.session().queryOne(WAITS, row -> row.getBoolean(1)));
                assertThat(rowsInSecondHalf(tx)).isEqualTo(ROWS / 2);
                return begun;
            });
            assertThat(vacuum.join()).isTrue();
        }
    }

    @Test
    void lookedAtWithoutTheLockTheFileCouldChangeBeforeTheScan() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY);
                Session chunk = scene.database().open("copy")) {
            scene.application(DELETE_FIRST_HALF);
            scene.beginCopy();
            long rows = chunk.inTransaction(Isolation.REPEATABLE_READ, tx -> {
                assertThat(filenode(tx)).isEqualTo(scene.table().source().filenode());
                scene.application("VACUUM (FULL) {t}");
                return rowsInSecondHalf(tx);
            });
            assertThat(rows).isZero();
        }
    }

    @Test
    void aChunkNoticesTruncate() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            XidFence fence = scene.beginCopy();
            scene.copyPage(fence);
            scene.application("TRUNCATE {t}");

            assertThatThrownBy(() -> scene.copyPage(fence)).isInstanceOf(SourceRewrittenException.class);
        }
    }

    @Test
    void anExactStepNoticesTruncate() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.exactStep(barrier);
            scene.application("TRUNCATE {t}", FatRows.insert(1, 2));

            assertThatThrownBy(() -> scene.exactStep(barrier)).isInstanceOf(SourceRewrittenException.class);
            assertThat(scene.shadowRows()).isEqualTo(ROWS);

            scene.copy();
            scene.exactStep(barrier);
            assertThat(scene.shadowRows()).isEqualTo(2);
        }
    }

    @Test
    void unnoticedTruncateWouldLeaveItsRowsInTheShadow() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.application("TRUNCATE {t}", FatRows.insert(1, 2));
            KeyLog unguarded = new KeyLog(scene.table().withFilenodes(List.of(filenode(scene.session()))));
            AtomicLong differences = new AtomicLong();
            try (CatchUp catchUp = CatchUp.open(scene.database(), unguarded, barrier, new AtomicLong(), 1, Pace.FULL)) {
                catchUp.exact(tx -> differences.set(scene.differences(tx)), scene.goOn());
            }
            assertThat(differences).hasValue(ROWS - 2);
        }
    }

    @Test
    void aTableThatTookTheSourcesNameIsNotReadInItsPlace() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            XidFence fence = scene.beginCopy();
            scene.application("ALTER TABLE {t} RENAME TO former");
            assertThatThrownBy(() -> scene.copyPage(fence))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("was dropped, renamed or replaced");
            scene.application("CREATE TABLE {t} (\"order\" int)");
            assertThatThrownBy(() -> scene.copyPage(fence))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("was dropped, renamed or replaced");
        }
    }

    /** The pages that the delete has emptied; VACUUM FULL moves the others' rows there. */
    private static void copyFirstHalf(Scene scene, XidFence fence) throws SQLException {
        for (int page = 0; page < PAGES / 2; page++) {
            assertThat(scene.copyPage(fence).copied()).isZero();
        }
    }

    private static long rowsInSecondHalf(Session tx) throws SQLException {
        return tx.queryOne(
                Scene.sql("SELECT count(*) FROM ONLY {t} WHERE ctid >= '(%d,0)'::tid AND ctid < '(%d,0)'::tid"
                        .formatted(PAGES / 2, PAGES)),
                row -> row.getLong(1));
    }

    private static long filenode(Session session) throws SQLException {
        return session.queryOne(FILENODE, row -> row.getLong(1));
    }
}
