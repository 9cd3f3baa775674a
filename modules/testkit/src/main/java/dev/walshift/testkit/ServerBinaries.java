package dev.walshift.testkit;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * The server programs of one major version, unpacked once into a folder that all JVMs of this user share.
 *
 * <p>The archives hold initdb, pg_ctl and postgres, but no client programs such as pg_basebackup.
 */
final class ServerBinaries {
    private static final String LISTING = "/servers/servers.properties";
    /** File locks are held for the whole JVM, so threads of one JVM need a lock of their own. */
    private static final ReentrantLock UNPACKING = new ReentrantLock();

    private final Path home;

    private ServerBinaries(Path home) {
        this.home = home;
    }

    /** The majors whose archives are on the class path, oldest first. */
    static List<ServerVersion> available() {
        Properties listing = new Properties();
        try (InputStream in = open(LISTING)) {
            listing.load(in);
        } catch (IOException e) {
            throw new ServerException("cannot read %s from the class path".formatted(LISTING), e);
        }
        return Stream.of(listing.getProperty("majors", "").split(","))
                .filter(major -> !major.isBlank())
                .map(ServerVersion::parse)
                .sorted()
                .toList();
    }

    /**
     * Unpacks the programs of {@code version} unless an earlier run has done so.
     *
     * @throws ServerException if there is no archive for this version and machine, or it can't be unpacked
     */
    static ServerBinaries of(ServerVersion version) {
        String resource = "/servers/%s/postgres-%s.txz".formatted(version, platform());
        UNPACKING.lock();
        try {
            Path cache = cacheDirectory();
            Path home = cache.resolve("%s-%s".formatted(version, hash(resource)));
            try (FileChannel lockFile = FileChannel.open(cache.resolve("lock"), CREATE, WRITE);
                    FileLock held = lockFile.lock()) {
                if (held.isValid() && !Files.isDirectory(home)) {
                    unpack(resource, home);
                }
            }
            return new ServerBinaries(home);
        } catch (IOException e) {
            throw new ServerException("cannot unpack the server programs from %s".formatted(resource), e);
        } finally {
            UNPACKING.unlock();
        }
    }

    /** Programs that are installed on this machine, with their bin folder below {@code home}. */
    static ServerBinaries installed(Path home) {
        if (!Files.isExecutable(home.resolve("bin").resolve("postgres"))) {
            throw new ServerException("no PostgreSQL server is installed in %s".formatted(home));
        }
        return new ServerBinaries(home);
    }

    /** The command line of a server program; root is put aside, because the server refuses to run as root. */
    List<String> command(String program, List<String> arguments) {
        List<String> command = new ArrayList<>();
        if (isRoot()) {
            // A user namespace without a mapping: the programs see themselves as nobody, the kernel still sees root's
            // files as their own.
            command.addAll(List.of("unshare", "--user"));
        }
        command.add(home.resolve("bin").resolve(program).toString());
        command.addAll(arguments);
        return command;
    }

    /**
     * Runs a server program to its end.
     *
     * @param output file that receives what the program prints; a file, because a postmaster would keep a pipe open
     * @throws ServerException if it fails or the thread is interrupted (the program is then ended, the flag set again)
     */
    void run(Path output, String program, List<String> arguments) {
        List<String> command = command(program, arguments);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            waitFor(process, program);
            if (process.exitValue() != 0) {
                throw new ServerException("%s failed with exit code %d: %s"
                        .formatted(program, process.exitValue(), Files.readString(output)));
            }
        } catch (IOException e) {
            throw new ServerException("cannot run %s".formatted(String.join(" ", command)), e);
        }
    }

    private static void waitFor(Process process, String program) {
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new ServerException("interrupted while %s was running".formatted(program), e);
        }
    }

    private static void unpack(String resource, Path home) throws IOException {
        Path unfinished = Files.createTempDirectory(home.getParent(), "unpacking-");
        try (InputStream in = open(resource);
                TarArchiveInputStream tar = new TarArchiveInputStream(new XZInputStream(in))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                unpack(tar, entry, unfinished.resolve(entry.getName()).normalize());
            }
            Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            Directories.delete(unfinished);
            throw e;
        }
    }

    private static void unpack(TarArchiveInputStream tar, TarArchiveEntry entry, Path target) throws IOException {
        if (entry.isDirectory()) {
            Files.createDirectories(target);
            return;
        }
        Files.createDirectories(target.resolve("..").normalize());
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
            return;
        }
        Files.copy(tar, target);
        boolean executable = (entry.getMode() & 0100) != 0;
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
    }

    /** What all JVMs of this user share; it outlives them. */
    static Path cacheDirectory() throws IOException {
        Path cache =
                Path.of(System.getProperty("java.io.tmpdir"), "walshift-servers-" + System.getProperty("user.name"));
        return Files.createDirectories(
                cache, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    private static String hash(String resource) throws IOException {
        try (InputStream in = open(resource)) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(in.readAllBytes());
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    private static InputStream open(String resource) throws IOException {
        InputStream in = ServerBinaries.class.getResourceAsStream(resource);
        if (in == null) {
            throw new IOException("%s is not on the class path".formatted(resource));
        }
        return in;
    }

    /** The archives' own naming, for example linux-x86_64. */
    private static String platform() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac") ? "darwin" : "linux";
        return switch (System.getProperty("os.arch")) {
            case "amd64", "x86_64" -> system + "-x86_64";
            case "aarch64", "arm64" -> system + "-arm_64";
            case String other -> throw new ServerException("no PostgreSQL programs for %s %s".formatted(system, other));
        };
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }
}
