package dev.walshift.engine.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.pace.Pace;
import dev.walshift.engine.sync.CatchUp;
import dev.walshift.engine.sync.ExactStep;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.testkit.SharedServers;
import dev.walshift.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rule: a long key log is shortened by batches that claim nothing; what collides there stays for the exact step. */
class CatchUpTest {
    private static final int ROWS = 5_000;
    private static final int SWAPPED = 20;
    private static final SqlTemplate UNIQUE_VALUES = SqlTemplate.of("CREATE UNIQUE INDEX ON {shadow} (v)");

    private TestDatabase database;

    @BeforeEach
    void createTable() throws SQLException {
        database = SharedServers.freshDatabase();
        for (String statement : new String[] {
            "CREATE TABLE {t} (\"order\" numeric PRIMARY KEY, v int NOT NULL)",
            "INSERT INTO {t} SELECT i, i FROM generate_series(1, %d) AS i".formatted(ROWS)
        }) {
            database.execute(
                    SqlTemplate.of("CREATE SCHEMA IF NOT EXISTS {s}")
                            .with("s", Scene.SOURCE.schema())
                            .sql(),
                    Scene.sql(statement).sql());
        }
    }

    @AfterEach
    void dropTable() throws SQLException {
        database.close();
    }

    @Test
    void manyKeysThatCollideWithEachOtherArriveInTheEnd() throws SQLException {
        try (Scene scene = Scene.streaming(database, "order")) {
            scene.copy();
            scene.session().execute(UNIQUE_VALUES.with("shadow", scene.table().shadow()));
            KeyBarrier barrier = scene.startPump();
            scene.application(
                    // Unique values change places, so a row collides with one that is yet to change.
                    "UPDATE {t} SET v = %d - v WHERE v <= %d".formatted(SWAPPED + 1, SWAPPED),
                    // The same key in another spelling.
                    "UPDATE {t} SET \"order\" = \"order\" * 1.0",
                    "DELETE FROM {t} WHERE v % 5 = 0");
            scene.settle(barrier);
            KeyLog log = scene.keyLog();
            log.count(scene.session());
            assertThat(log.waiting()).isGreaterThan(2 * ROWS);

            AtomicLong applied = new AtomicLong();
            try (CatchUp catchUp = CatchUp.open(scene.database(), log, barrier, applied, 2, Pace.FULL)) {
                ExactStep.Reached reached = catchUp.run(Duration.ofSeconds(20), event -> {}, scene.goOn());
                assertThat(reached.keys()).isLessThan(ROWS);
                catchUp.exact(tx -> assertThat(scene.differences(tx)).isZero(), scene.goOn());
            }
            assertThat(scene.loggedKeys()).isEmpty();
            assertThat(applied.get()).isGreaterThan(2 * ROWS);
        }
    }

    /** Or else writers that stay at a few rows, and are fast, could never be caught up with. */
    @Test
    void whatIsWrittenOverAndOverIsBroughtOverFewTimes() throws SQLException {
        try (Scene scene = Scene.streaming(database, "order")) {
            scene.copy();
            scene.session().execute(UNIQUE_VALUES.with("shadow", scene.table().shadow()));
            KeyBarrier barrier = scene.startPump();
            for (int i = 0; i < 60; i++) {
                scene.application("UPDATE {t} SET v = v WHERE \"order\" <= 1000");
            }
            scene.settle(barrier);
            KeyLog log = scene.keyLog();
            log.count(scene.session());
            assertThat(log.waiting()).isEqualTo(60_000);

            AtomicLong applied = new AtomicLong();
            AtomicLong batches = new AtomicLong();
            Pace counting = (work, wanted, stop) -> {
                batches.incrementAndGet();
                return wanted;
            };
            try (CatchUp catchUp = CatchUp.open(scene.database(), log, barrier, applied, 1, counting)) {
                catchUp.exact(tx -> assertThat(scene.differences(tx)).isZero(), scene.goOn());
            }

            assertThat(scene.loggedKeys()).isEmpty();
            assertThat(applied).hasValue(60_000);
            // One of as many entries as there would be keys, and one of the rest.
            assertThat(batches).hasValue(2);
        }
    }

    /** Or else the exact step would never have its turn beside writers that log as fast as batches are brought over. */
    @Test
    void aSweepEndsWhereTheLogEndedWhenItBegan() throws SQLException {
        try (Scene scene = Scene.streaming(database, "order")) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            String write = "UPDATE {t} SET v = v";
            writeAndSettle(scene, write, barrier);
            writeAndSettle(scene, write, barrier);
            KeyLog log = scene.keyLog();
            log.count(scene.session());

            AtomicLong batches = new AtomicLong();
            Pace besideWriters = (work, wanted, stop) -> {
                if (batches.incrementAndGet() <= 10) {
                    writeAndSettle(scene, write, barrier);
                }
                return wanted;
            };
            AtomicLong beforeTheExactStep = new AtomicLong();
            KeyBarrier noting = () -> {
                beforeTheExactStep.compareAndSet(0, batches.get());
                return barrier.mark();
            };
            try (CatchUp catchUp = CatchUp.open(scene.database(), log, noting, new AtomicLong(), 1, besideWriters)) {
                catchUp.exact(tx -> assertThat(scene.differences(tx)).isZero(), scene.goOn());
            }

            assertThat(beforeTheExactStep.get()).isBetween(1L, 3L);
            assertThat(scene.loggedKeys()).isEmpty();
        }
    }

    private static void writeAndSettle(Scene scene, String write, KeyBarrier barrier) {
        try {
            scene.application(write);
            scene.settle(barrier);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
