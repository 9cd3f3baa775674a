package dev.walshift.cli.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.walshift.cli.terminal.Terminal;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DemoTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private Demo demo(int rows) {
        Terminal terminal = new Terminal(out, err, OptionalInt.empty());
        return new Demo(
                terminal, Path.of("/nonexistent"), new DemoOptions(rows, 2, Duration.ofSeconds(1), Duration.ZERO));
    }

    @Test
    void endsWithATableThatHoldsWhatTheWritersWrote() throws Exception {
        assertThat(demo(5_000).run()).isEqualTo(Demo.Result.EQUAL);

        assertThat(out.toString(UTF_8))
                .containsSubsequence(
                        "Starting PostgreSQL",
                        "Filling public.orders with 5,000 rows",
                        "2 writers",
                        "ALTER TABLE public.orders ALTER COLUMN id TYPE bigint",
                        "The migration",
                        "locked for",
                        "The writers",
                        "worst latency",
                        "EQUAL: ",
                        "id bigint")
                .containsPattern("errors +0 +0 +0 +0");
        assertThat(err.toString(UTF_8)).contains("slot lag", "writers: ");
    }

    @Test
    void stopsWhenAskedTo() throws Exception {
        Demo demo = demo(100_000);
        CompletableFuture<Demo.Result> result = CompletableFuture.supplyAsync(() -> {
            try {
                return demo.run();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        await().atMost(Duration.ofSeconds(60)).until(() -> out.toString(UTF_8).contains("Now the migration"));
        demo.stop();

        assertThat(result.get(60, TimeUnit.SECONDS)).isEqualTo(Demo.Result.STOPPED);
        assertThat(out.toString(UTF_8)).endsWith("Stopped. The demo's server and its files are gone.\n");
    }
}
