package dev.walshift.benchmark;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Clients that never pause, each transaction of theirs logged. Closing ends them and removes their files. */
final class PgBench implements AutoCloseable {
    private static final String LOG_PREFIX = "log";
    private static final int LATENCY_MICROS = 2;
    private static final int END_SECONDS = 4;
    private static final int END_MICROS = 5;

    private final Path folder;
    private final Process process;

    private PgBench(Path folder, Process process) {
        this.folder = folder;
        this.process = process;
    }

    /** @param rows what {@code :rows} stands for */
    static PgBench start(Arena arena, Load load, int clients, long rows) throws IOException {
        Path folder = Files.createTempDirectory("walshift-benchmark-");
        Path script = Files.writeString(folder.resolve("script.sql"), load.script());
        Process process = new ProcessBuilder(
                        // A shell's background jobs ignore SIGINT, and so would it.
                        "env",
                        "--default-signal=INT",
                        arena.bench().program("pgbench").orElseThrow().toString(),
                        "--no-vacuum",
                        "--client=" + clients,
                        "--jobs=2",
                        "--time=86400",
                        "--protocol=prepared",
                        "--define=rows=" + rows,
                        "--file=" + script,
                        "--log",
                        "--log-prefix=" + folder.resolve(LOG_PREFIX),
                        "--host=" + arena.server().host(),
                        "--port=" + arena.server().port(),
                        "--username=" + arena.server().user(),
                        Arena.DATABASE)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
        return new PgBench(folder, process);
    }

    /**
     * A transaction of the application's.
     *
     * @param end seconds since 1970
     * @param latency in milliseconds
     */
    record Transaction(double end, double latency) {}

    /**
     * Ends the clients.
     *
     * @return all that they did, in no order
     * @throws IOException if one of them ended by itself, which it only does after an error
     */
    List<Transaction> stop() throws IOException, InterruptedException {
        String output = Files.readString(folder.resolve("output"));
        if (!process.isAlive() || output.contains("aborted")) {
            throw new IOException("pgbench met an error: " + output);
        }
        // By SIGINT it writes what it has; by SIGTERM it does not.
        Process interrupt = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
        interrupt.waitFor();
        process.waitFor();
        List<Transaction> transactions = new ArrayList<>();
        try (DirectoryStream<Path> logs = Files.newDirectoryStream(folder, LOG_PREFIX + "*")) {
            for (Path log : logs) {
                try (Stream<String> lines = Files.lines(log)) {
                    lines.map(line -> line.split(" "))
                            .filter(fields -> fields.length > END_MICROS)
                            .map(PgBench::transaction)
                            .forEach(transactions::add);
                }
            }
        }
        return transactions;
    }

    private static Transaction transaction(String[] fields) {
        return new Transaction(
                Long.parseLong(fields[END_SECONDS]) + Long.parseLong(fields[END_MICROS]) / 1e6,
                Long.parseLong(fields[LATENCY_MICROS]) / 1e3);
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
