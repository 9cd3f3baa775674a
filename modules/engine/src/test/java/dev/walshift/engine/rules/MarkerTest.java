package dev.walshift.engine.rules;

import static dev.walshift.engine.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.walshift.engine.journal.KeyBarrier;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Rule: an exact step reads the key log only when a marker, committed after its snapshot, has come through the stream. */
class MarkerTest {
    @RegisterExtension
    private final FatTable source = new FatTable(5);

    @Test
    void anExactStepWaitsForKeysThatAreStillOnTheirWay() throws Exception {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.copy();
            AtomicReference<GatedStream> gate = new AtomicReference<>();
            KeyBarrier barrier = scene.startPump(stream -> {
                gate.set(new GatedStream(stream));
                return gate.get();
            });
            scene.application(FatRows.update(1), FatRows.insert(6, 6), "DELETE FROM {t} WHERE \"order\" = 2");

            Background<Long> differences = Background.start(() -> scene.differencesInExactStep(barrier));
            await().during(Duration.ofMillis(200)).until(() -> !differences.isDone());
            assertThat(scene.loggedKeys()).isEmpty();
            gate.get().open();

            assertThat(differences.join()).isZero();
        }
    }

    @Test
    void whatIsCommittedBehindTheMarkerIsNotInTheSnapshot() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.copy();
            AtomicReference<GatedStream> gate = new AtomicReference<>();
            KeyBarrier barrier = scene.startPump(stream -> {
                gate.set(new GatedStream(stream));
                gate.get().open();
                return gate.get();
            });
            long differences = scene.differencesInExactStep(() -> {
                boolean passed = barrier.pass(Scene.PATIENCE, scene.goOn());
                gate.get().shut();
                // Of this the stream says nothing yet, so the step must not see it.
                scene.application(FatRows.update(1));
                return (patience, stop) -> passed;
            });
            assertThat(differences).isZero();
            gate.get().open();
            scene.exactStep(barrier);
        }
    }

    @Test
    void withoutTheMarkerItWouldClaimAnEqualityThatIsNone() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.copy();
            scene.startPump(GatedStream::new);
            scene.application(FatRows.update(1), FatRows.insert(6, 6), "DELETE FROM {t} WHERE \"order\" = 2");

            KeyBarrier none = () -> (patience, stop) -> true;
            // Two versions of row 1, row 2 in the shadow only, row 6 in the source only.
            assertThat(scene.differencesInExactStep(none)).isEqualTo(4);
        }
    }

    @Test
    void aStreamThatIsTooSlowGivesNoExactStep() throws SQLException {
        try (Scene scene = Scene.streaming(source.database(), FatRows.KEY)) {
            scene.copy();
            KeyBarrier barrier = scene.startPump(GatedStream::new);
            assertThat(barrier.pass(Duration.ofMillis(50), scene.goOn())).isFalse();
        }
    }
}
