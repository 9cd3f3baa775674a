package dev.walshift.cli.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** A text that an option names a file for. */
final class TextFile {
    private TextFile() {}

    /** Why it can't be used, if it can't. */
    static Optional<String> problem(Path file) {
        try {
            return Files.readString(file, UTF_8).isBlank()
                    ? Optional.of("%s is empty".formatted(file))
                    : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.of("%s: no such file".formatted(file));
        } catch (IOException e) {
            return Optional.of("%s cannot be read as UTF-8 text: %s".formatted(file, e));
        }
    }

    /** What is in a file that has no {@link #problem}. */
    static String text(Path file) {
        try {
            return Files.readString(file, UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
