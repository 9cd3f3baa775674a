package dev.walshift.cli.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** A text that an option names a file for. */
public final class TextFile {
    private TextFile() {}

    /** What is in it; empty, and a problem, if it can't be read, or holds nothing. */
    public static Optional<String> read(Path file, Consumer<String> problems) {
        try {
            String text = Files.readString(file, UTF_8);
            if (!text.isBlank()) {
                return Optional.of(text);
            }
            problems.accept("%s is empty".formatted(file));
        } catch (NoSuchFileException e) {
            problems.accept("%s: no such file".formatted(file));
        } catch (IOException e) {
            problems.accept("%s cannot be read as UTF-8 text: %s".formatted(file, e));
        }
        return Optional.empty();
    }
}
