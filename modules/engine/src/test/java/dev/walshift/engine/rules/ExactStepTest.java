package dev.walshift.engine.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.walshift.engine.journal.KeyBarrier;
import dev.walshift.engine.sync.ExactStep;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Rules of the exact step: keys leave the log by row id, and all deletes come before all inserts. */
class ExactStepTest {
    private static final SqlTemplate FORGET_BY_KEY = SqlTemplate.of("DELETE FROM {log} WHERE k1 = 1");
    private static final SqlTemplate UNIQUE_VALUES = SqlTemplate.of("CREATE UNIQUE INDEX ON {shadow} (\"Group by\")");
    private static final SqlTemplate DELETE = SqlTemplate.of("DELETE FROM {shadow} WHERE \"order\" = ?");
    private static final SqlTemplate INSERT =
            SqlTemplate.of("INSERT INTO {shadow} SELECT * FROM ONLY {source} WHERE \"order\" = ?");

    @RegisterExtension
    private final FatTable source = new FatTable(5);

    @BeforeEach
    void changeTable() throws SQLException {
        source.database()
                .execute(Scene.sql("UPDATE {t} SET \"Group by\" = \"order\"").sql());
    }

    @Test
    void aKeyThatChangesAgainDuringTheStepStaysLogged() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.application(FatRows.update(1));
            ExactStep.Reached first = scene.exactStep(barrier, tx -> {
                scene.application(FatRows.update(1));
                scene.settle(barrier);
            });

            assertThat(first.keys()).isEqualTo(1);
            assertThat(scene.loggedKeys()).containsExactly("(1)");
            assertThat(scene.differences()).isEqualTo(2);
            assertThat(scene.exactStep(barrier).keys()).isEqualTo(1);
            assertThat(scene.differences()).isZero();
        }
    }

    @Test
    void forgottenByKeyItsSecondChangeWouldBeLost() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            scene.application(FatRows.update(1));
            ExactStep.Reached unused = scene.exactStep(barrier, tx -> {
                scene.application(FatRows.update(1));
                scene.settle(barrier);
            });
            scene.session().execute(FORGET_BY_KEY.with("log", scene.table().keyLog()));

            assertThat(scene.differencesInExactStep(barrier)).isEqualTo(2);
        }
    }

    @Test
    void twoRowsMaySwapAUniqueValue() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.copy();
            scene.session().execute(UNIQUE_VALUES.with("shadow", scene.table().shadow()));
            KeyBarrier barrier = scene.startPump();
            swap(scene);

            scene.exactStep(barrier);
            assertThat(scene.differences()).isZero();
        }
    }

    @Test
    void oneAfterTheOtherTheyWouldCollide() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.copy();
            scene.session().execute(UNIQUE_VALUES.with("shadow", scene.table().shadow()));
            swap(scene);

            scene.session().update(DELETE.with("shadow", scene.table().shadow()), 1);
            assertThatThrownBy(() -> scene.session()
                            .update(
                                    INSERT.with("shadow", scene.table().shadow())
                                            .with("source", Scene.SOURCE),
                                    1))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("duplicate key value");
        }
    }

    @Test
    void aKeyThatTheStepHasMetOftenIsAppliedOnce() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.copy();
            KeyBarrier barrier = scene.startPump();
            for (int i = 0; i < 10; i++) {
                scene.application(FatRows.update(1), "DELETE FROM {t} WHERE \"order\" = 2", FatRows.insert(2, 2));
            }
            assertThat(scene.exactStep(barrier).keys()).isEqualTo(30);
            assertThat(scene.loggedKeys()).isEmpty();
        }
    }

    private static void swap(Scene scene) throws SQLException {
        scene.application("UPDATE {t} SET \"Group by\" = 3 - \"Group by\" WHERE \"order\" IN (1, 2)");
    }
}
