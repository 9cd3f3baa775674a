package dev.walshift.engine.faults;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** A folder on a file system of its own with little room, which can be made less. Needs the right to mount. */
final class SmallTablespace implements AutoCloseable {
    private static final int BLOCK = 1 << 16;

    private final Path mount;

    private SmallTablespace(Path mount) {
        this.mount = mount;
    }

    /** Mounts one of {@code megabytes}; the test is skipped where that is not allowed. */
    static SmallTablespace of(int megabytes) throws IOException, InterruptedException {
        Path mount = Files.createTempDirectory("walshift-small-");
        int exit = run("mount", "-t", "tmpfs", "-o", "size=%dm".formatted(megabytes), "tmpfs", mount.toString());
        if (exit != 0) {
            Files.delete(mount);
        }
        Assumptions.assumeTrue(exit == 0, "SKIPPED: a small file system can't be mounted by this user");
        Files.createDirectory(mount.resolve("tablespace"));
        return new SmallTablespace(mount);
    }

    /** Where the tablespace goes. */
    String location() {
        return mount.resolve("tablespace").toString();
    }

    /** Leaves room for no more than {@code bytes}. */
    void fillUpTo(long bytes) throws IOException {
        FileStore store = Files.getFileStore(mount);
        byte[] block = new byte[BLOCK];
        try (var filler = Files.newOutputStream(filler())) {
            while (store.getUsableSpace() > bytes + BLOCK) {
                filler.write(block);
            }
        }
    }

    /** Gives the room back. */
    void empty() throws IOException {
        Files.delete(filler());
    }

    private Path filler() {
        return mount.resolve("filler");
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    /** Also if a server still has files open there. */
    @Override
    public void close() throws IOException, InterruptedException {
        run("umount", "-l", mount.toString());
        Files.delete(mount);
    }
}
