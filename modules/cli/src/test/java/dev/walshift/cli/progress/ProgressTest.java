package dev.walshift.cli.progress;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.walshift.cli.terminal.Terminal;
import dev.walshift.engine.migration.MigrationProgress;
import dev.walshift.engine.migration.Phase;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private static MigrationProgress copying(double done) {
        return new MigrationProgress(
                Phase.COPY,
                Duration.ofSeconds(30),
                Optional.of(done),
                Optional.of(Duration.ofSeconds(75)),
                430_000,
                14_333,
                1_234,
                0,
                3_565_158,
                "");
    }

    private static MigrationProgress preparing(String detail) {
        return new MigrationProgress(
                Phase.PREPARE, Duration.ofMillis(2_600), Optional.empty(), Optional.empty(), 0, 0, 0, 0, 0, detail);
    }

    @Test
    void tellsWhatMattersWhileCopying() {
        assertThat(ProgressText.oneLine(copying(0.439)))
                .isEqualTo("copy 43 %, ETA 1 min 15 s, 14,333 rows/s, 1,234 changed keys waiting, slot lag 3.4 MB");
    }

    @Test
    void tellsWhatIsBeingWaitedFor() {
        assertThat(ProgressText.oneLine(preparing("waiting for the transaction of process 42")))
                .isEqualTo("prepare for 2 s, waiting for the transaction of process 42");
    }

    @Test
    void logsEveryTenSecondsAndAtEachChangeOfPhase() {
        AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
        LoggedProgress log = new LoggedProgress(
                new PrintStream(err, true, UTF_8),
                progress -> List.of(ProgressText.oneLine(progress), "2nd"),
                now::get);

        log.show(preparing(""));
        log.show(preparing("not yet due"));
        log.show(copying(0.1));
        now.set(Instant.EPOCH.plusMillis(9_999));
        log.show(copying(0.2));
        now.set(Instant.EPOCH.plusSeconds(10));
        log.show(copying(0.3));

        assertThat(err.toString(UTF_8).lines().map(line -> line.replaceAll(",.*;", ";")))
                .containsExactly("prepare for 2 s; 2nd", "copy 10 %; 2nd", "copy 30 %; 2nd");
    }

    @Test
    void showsProgressOnATerminalUntilClosed() {
        Terminal terminal = new Terminal(new ByteArrayOutputStream(), err, OptionalInt.of(200));
        try (ProgressMonitor monitor = ProgressMonitor.start(terminal, () -> copying(0.5))) {
            await().atMost(Duration.ofMinutes(1))
                    .until(() -> err.toString(UTF_8).contains("copy 50 %"));
        }
        assertThat(err.toString(UTF_8)).endsWith("\r\u001b[K");
    }

    @Test
    void aFailureToShowProgressIsNoFailureOfTheMigration() {
        Terminal terminal = new Terminal(new ByteArrayOutputStream(), err, OptionalInt.of(200));
        try (ProgressMonitor monitor = ProgressMonitor.start(terminal, () -> {
            throw new IllegalStateException("thrown on purpose by a test");
        })) {
            assertThat(monitor).isNotNull();
        }
    }
}
