package dev.walshift.testkit;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * Where one server keeps its data and its log, watched by a small shell that outlives this JVM.
 *
 * <p>The shell waits for the end of its input, which comes when we close it or when this JVM dies, even by kill -9. Then it
 * stops the server of this folder, whatever state that is in, and removes the folder.
 */
final class ServerFolder implements AutoCloseable {
    private final Path root;
    private final Process guard;

    private ServerFolder(Path root, Process guard) {
        this.root = root;
        this.guard = guard;
    }

    /** Creates an empty data folder below the system's folder for temporary files. */
    static ServerFolder create(ServerBinaries binaries) {
        try {
            Path root = Files.createTempDirectory("walshift-postgres-");
            Path data = Files.createDirectory(
                    root.resolve("data"),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            return new ServerFolder(root, startGuard(root, data, binaries));
        } catch (IOException e) {
            throw new ServerException("cannot create a folder for a server", e);
        }
    }

    private static Process startGuard(Path root, Path data, ServerBinaries binaries) throws IOException {
        List<String> stop = binaries.command(
                "pg_ctl", List.of("stop", "--wait", "--timeout=60", "--mode=immediate", "--pgdata=" + data));
        String script = "trap '' INT HUP TERM; cat; [ -e %s ] && %s; rm -rf %s"
                .formatted(
                        quoted(data.resolve("postmaster.pid").toString()),
                        stop.stream().map(ServerFolder::quoted).collect(joining(" ")),
                        quoted(root.toString()));
        return new ProcessBuilder("sh", "-c", script)
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.DISCARD)
                .start();
    }

    Path data() {
        return root.resolve("data");
    }

    /** The server's own log. */
    Path log() {
        return root.resolve("server.log");
    }

    /** What the last of the other programs printed. */
    Path output() {
        return root.resolve("output.log");
    }

    /** Arguments for a server program that is to work on this data folder. */
    List<String> withData(List<String> arguments, String... more) {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of(more));
        all.add("--pgdata=" + data());
        return all;
    }

    /** Ends the server if it runs, removes the folder, and returns when that is done. */
    @Override
    public void close() {
        try {
            guard.getOutputStream().close();
            guard.waitFor();
        } catch (IOException e) {
            throw new ServerException("cannot reach the guard of %s; remove the folder by hand".formatted(root), e);
        } catch (InterruptedException e) {
            // The guard goes on without us.
            Thread.currentThread().interrupt();
        }
    }

    private static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }
}
