package dev.walshift.engine.pace;

import dev.walshift.postgres.Session;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** While a file exists, nothing is done. Who can't look for it, such as for want of rights to its folder, can't know. */
final class FileSignal implements Signal {
    private final Path file;

    FileSignal(Path file) {
        this.file = file;
    }

    @Override
    public Reading measure(Session session, Tolerance tolerance) {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return Reading.still("%s exists (--pace-file)".formatted(file));
        }
        return Files.notExists(file, LinkOption.NOFOLLOW_LINKS)
                ? Reading.FINE
                : Reading.unknown("whether %s exists can't be told (--pace-file)".formatted(file));
    }
}
