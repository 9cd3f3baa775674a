package dev.walshift.postgres.connect;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A home folder and environment variables of a test's own, and what {@code resolve} makes of them. */
final class Surroundings {
    private final Path home;
    private final Map<String, String> environment = new HashMap<>();
    private final List<String> warnings = new ArrayList<>();

    Surroundings(Path home) {
        this.home = home;
    }

    Surroundings set(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    /** Writes a file below the home folder that only its owner may read. */
    Surroundings file(String name, String... lines) {
        try {
            Path file = home.resolve(name);
            Files.createDirectories(Optional.ofNullable(file.getParent()).orElse(home));
            Files.write(file, List.of(lines));
            return permissions(name, "rw-------");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param permissions as {@code ls -l} shows them, {@code rw-------} */
    Surroundings permissions(String name, String permissions) {
        try {
            Files.setPosixFilePermissions(home.resolve(name), PosixFilePermissions.fromString(permissions));
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path home() {
        return home;
    }

    List<String> warnings() {
        return warnings;
    }

    ConnectionSettings resolve(String url) {
        return ConnectionSettings.resolve(Optional.of(url), environment, home, warnings::add);
    }

    ConnectionSettings resolve() {
        return ConnectionSettings.resolve(Optional.empty(), environment, home, warnings::add);
    }

    /** What is wrong; none if nothing is. */
    List<String> problems(String url) {
        return Optional.ofNullable(catchThrowableOfType(ConnectionSettingsException.class, () -> resolve(url)))
                .map(ConnectionSettingsException::problems)
                .orElse(List.of());
    }

    List<String> problems() {
        return problems("user=app dbname=orders");
    }
}
