package dev.walshift.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** As an operator starts it, the start of its JVM included. */
final class Walshift implements Contender {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String name;
    private final List<String> options;
    private final List<JsonNode> reports = new ArrayList<>();

    Walshift(String name, String... options) {
        this.name = name;
        this.options = List.of(options);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void run(Arena arena, Dataset dataset) throws IOException, InterruptedException {
        run(arena, List.of("--alter", dataset.change()));
    }

    /**
     * Runs it.
     *
     * @return what --json printed
     */
    JsonNode run(Arena arena, List<String> change) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                arena.bench().home().resolve("walshift").toString(),
                "run",
                "--url",
                arena.uri(),
                "--table",
                "public.t",
                "--drop-retired",
                "--json"));
        command.addAll(change);
        command.addAll(options);
        JsonNode report =
                JSON.readTree(arena.program(command).lines().reduce((a, b) -> b).orElseThrow());
        reports.add(report);
        return report;
    }

    /** Runs once that nobody measures: it builds what has changed, and leaves the shared archive of classes. */
    static void warmUp(Arena arena) throws SQLException, IOException, InterruptedException {
        arena.reset();
        new Walshift("warm-up", "--verify", "off").run(arena, List.of("--rebuild"));
    }

    /** What each run reported. */
    List<JsonNode> reports() {
        return List.copyOf(reports);
    }
}
