package dev.walshift.benchmark;

import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where and how it is measured.
 *
 * @param home the repository
 * @param installed the server to measure with: one that is installed, as Debian has it; otherwise one that the testkit carries
 * @param rounds how often each contender runs
 * @param pages where results go
 * @param progress for people who wait
 */
record Bench(Path home, Optional<Path> installed, ServerVersion version, int rounds, Path pages, PrintStream progress) {
    /** A server of moderate size; durable, and with room in the WAL for the longest run, so that no checkpoint of one falls into another. */
    static final Map<String, String> SETTINGS = Map.of(
            "shared_buffers", "1GB",
            "max_wal_size", "16GB",
            "checkpoint_timeout", "30min",
            "maintenance_work_mem", "256MB",
            "max_worker_processes", "16");

    PostgresServer start() {
        return installed
                .map(server -> PostgresServer.startInstalled(version, server, SETTINGS))
                .orElseGet(() -> PostgresServer.start(version, SETTINGS));
    }

    void say(String line) {
        progress.println(line);
    }

    /** A program of the server's package, or else on the path. */
    Optional<Path> program(String name) {
        List<Path> folders =
                installed.map(server -> server.resolve("bin")).stream().toList();
        String path = System.getenv().getOrDefault("PATH", "");
        return Stream.concat(folders.stream(), Arrays.stream(path.split(":")).map(Path::of))
                .map(folder -> folder.resolve(name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    void write(String file, String text) {
        try {
            Files.createDirectories(pages);
            Files.writeString(pages.resolve(file), text);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write %s".formatted(pages.resolve(file)), e);
        }
        say("wrote " + pages.resolve(file));
    }
}
