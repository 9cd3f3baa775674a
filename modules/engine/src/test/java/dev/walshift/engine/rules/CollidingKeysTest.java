package dev.walshift.engine.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.pace.Pace;
import dev.walshift.engine.sync.CatchUp;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Rule: catching up ends, however unique values moved between rows and however the key log was left behind. */
final class CollidingKeysTest {
    private static final int ROWS = 12_000;

    @Test
    void everyUniqueValueMayMoveToAnotherRow() throws Exception {
        catchUpAfter("UPDATE {t} SET v = %d - v".formatted(ROWS + 1), false);
    }

    @Test
    void aLogWithGapsIsNotWaitedForForEver() throws Exception {
        catchUpAfter("UPDATE {t} SET v = v + 100000", true);
    }

    private static void catchUpAfter(String update, boolean gaps) throws Exception {
        try (TestDatabase database = SharedServers.freshDatabase()) {
            database.execute(
                    SqlTemplate.of("CREATE SCHEMA IF NOT EXISTS {s}")
                            .with("s", Scene.SOURCE.schema())
                            .sql(),
                    Scene.sql("CREATE TABLE {t} (\"order\" int PRIMARY KEY, v int NOT NULL)")
                            .sql(),
                    Scene.sql("INSERT INTO {t} SELECT i, i FROM generate_series(1, %d) AS i".formatted(ROWS))
                            .sql());
            try (Scene scene = Scene.streaming(database, "order")) {
                scene.copy();
                scene.session()
                        .execute(SqlTemplate.of("CREATE UNIQUE INDEX ON {shadow} (v)")
                                .with("shadow", scene.table().shadow()));
                KeyBarrier barrier = scene.startPump();
                scene.application(update);
                scene.settle(barrier);
                KeyLog log = scene.keyLog();
                if (gaps) {
                    // As after a restart: what waits is told from the ends of a log whose middle is gone.
                    scene.session()
                            .update(SqlTemplate.of(
                                            "DELETE FROM {log} WHERE log_id NOT IN (SELECT unnest(ARRAY[min(log_id),"
                                                    + " max(log_id)]) FROM {log})")
                                    .with("log", scene.table().keyLog()));
                    log.count(scene.session());
                    assertThat(log.waiting()).isGreaterThanOrEqualTo(ROWS);
                }
                try (CatchUp catchUp = CatchUp.open(scene.database(), log, barrier, new AtomicLong(), 2, Pace.FULL)) {
                    catchUp.run(Duration.ofSeconds(20), event -> {}, scene.goOn());
                    if (!gaps) {
                        catchUp.exact(tx -> assertThat(scene.differences(tx)).isZero(), scene.goOn());
                    }
                }
                assertThat(scene.loggedKeys()).isEmpty();
            }
        }
    }
}
