package dev.walshift.testkit;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;

/** Folder trees that a running server may be changing meanwhile: a file that is gone already is no error. */
final class Directories {
    private Directories() {}

    /** Removes {@code root} and all below it, if it exists. */
    static void delete(Path root) throws IOException {
        Files.walkFileTree(root, new TolerantVisitor() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /**
     * Copies a tree.
     *
     * @param excludedFiles paths relative to {@code from} that are left out
     * @param emptied folders relative to {@code from} that are copied without what is in them
     */
    static void copy(Path from, Path to, Set<Path> excludedFiles, Set<Path> emptied) throws IOException {
        Files.walkFileTree(from, new TolerantVisitor() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                Path relative = from.relativize(directory);
                Path target = to.resolve(relative);
                if (!Files.isDirectory(target)) {
                    Files.copy(directory, target, StandardCopyOption.COPY_ATTRIBUTES);
                }
                return emptied.contains(relative) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Path relative = from.relativize(file);
                if (!excludedFiles.contains(relative)) {
                    copyIfPresent(file, to.resolve(relative));
                }
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static void copyIfPresent(Path file, Path target) throws IOException {
        try {
            Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
        } catch (NoSuchFileException e) {
            Files.deleteIfExists(target);
        }
    }

    private static class TolerantVisitor extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
            if (failure instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE;
            }
            throw failure;
        }
    }
}
