package dev.walshift.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.walshift.cli.terminal.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Runs commands inside this JVM and keeps what they print. */
public final class Cli {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, String> environment;
    private final Path home;

    private Cli(Map<String, String> environment, Path home) {
        this.environment = environment;
        this.home = home;
    }

    /** With an environment and home folder that hold nothing. */
    public static Cli bare() {
        return new Cli(Map.of(), Path.of("/nonexistent"));
    }

    Cli with(String name, String value) {
        Map<String, String> more = new HashMap<>(environment);
        more.put(name, value);
        return new Cli(more, home);
    }

    public Result run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal = new Terminal(out, err, OptionalInt.empty());
        int exitCode = new Main(new Surroundings(terminal, environment, home, new Shutdown(terminal))).run(args);
        return new Result(exitCode, out.toString(UTF_8), err.toString(UTF_8));
    }

    /** How a command ended. */
    public record Result(int exitCode, String out, String err) {
        List<String> outLines() {
            return out.lines().toList();
        }

        /** The last line of standard output, which {@code --json} promises to be an object. */
        JsonNode json() throws IOException {
            return JSON.readTree(outLines().getLast());
        }
    }
}
