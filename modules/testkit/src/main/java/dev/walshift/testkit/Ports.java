package dev.walshift.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntSupplier;

/**
 * TCP ports of the loopback address, each given to one server at a time among all JVMs of this user: from before the server listens, and
 * also while it is stopped.
 */
final class Ports {
    /** Below what systems give to outgoing connections, so that a stopped server finds its port free again. */
    private static final int FIRST = 15_000;

    private static final int LAST = 32_000;
    private static final int ATTEMPTS = 100;

    /** Static, because closing any channel of a file gives up all locks that this JVM has on it. */
    private static Optional<FileChannel> claims = Optional.empty();

    private Ports() {}

    /** A port that nobody else is given until {@link #close()}, or until this JVM ends. */
    record Claim(int port, FileLock lock) implements AutoCloseable {
        @Override
        public void close() {
            try {
                lock.release();
            } catch (IOException e) {
                throw new ServerException("cannot give up port %d".formatted(port), e);
            }
        }
    }

    static Claim claim() {
        return claim(() -> ThreadLocalRandom.current().nextInt(FIRST, LAST));
    }

    /** The first of {@code candidates} that is free. */
    static synchronized Claim claim(IntSupplier candidates) {
        try {
            FileChannel channel = channel();
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                int port = candidates.getAsInt();
                Optional<FileLock> lock = tryLock(channel, port);
                if (lock.isPresent()) {
                    if (isFree(port)) {
                        return new Claim(port, lock.get());
                    }
                    lock.get().release();
                }
            }
        } catch (IOException e) {
            throw new ServerException("cannot lock a port for a server", e);
        }
        throw new ServerException("no free port between %d and %d in %d attempts".formatted(FIRST, LAST, ATTEMPTS));
    }

    private static FileChannel channel() throws IOException {
        if (claims.isEmpty()) {
            Path file = ServerBinaries.cacheDirectory().resolve("ports");
            claims = Optional.of(FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
        }
        return claims.get();
    }

    /** Locks the byte of the file whose number is the port's. */
    private static Optional<FileLock> tryLock(FileChannel channel, int port) throws IOException {
        try {
            return Optional.ofNullable(channel.tryLock(port, 1, false));
        } catch (OverlappingFileLockException e) {
            return Optional.empty();
        }
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
