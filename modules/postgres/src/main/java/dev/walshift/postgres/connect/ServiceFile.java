package dev.walshift.postgres.connect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The connection service file: sections of {@code keyword=value} lines, each section named after a service (parseServiceInfo
 * and parseServiceFile in src/interfaces/libpq/fe-connect.c).
 */
final class ServiceFile {
    private final GivenParameters given;
    private final String service;
    private final Path file;

    private ServiceFile(GivenParameters given, String service, Path file) {
        this.given = given;
        this.service = service;
        this.file = file;
    }

    /**
     * Fills in what the service says, if one is asked for: the first section of that name in PGSERVICEFILE, or else in
     * ~/.pg_service.conf, and if it is not there, in PGSYSCONFDIR/pg_service.conf.
     */
    static void read(GivenParameters given, Map<String, String> environment, Path home) {
        Optional<String> service =
                given.value(Parameter.SERVICE).or(() -> Optional.ofNullable(environment.get("PGSERVICE")));
        if (service.isEmpty()) {
            return;
        }
        List<Path> files = new ArrayList<>();
        given.value(Parameter.SERVICEFILE)
                .or(() -> Optional.ofNullable(environment.get("PGSERVICEFILE")))
                .map(Path::of)
                .or(() -> Optional.of(home.resolve(".pg_service.conf")).filter(Files::exists))
                .ifPresent(files::add);
        Optional.ofNullable(environment.get("PGSYSCONFDIR"))
                .map(folder -> Path.of(folder, "pg_service.conf"))
                .filter(Files::exists)
                .ifPresent(files::add);
        for (Path file : files) {
            if (new ServiceFile(given, service.get(), file).readSection()) {
                return;
            }
        }
        given.problem("service \"%s\" is not defined in %s (looked for in PGSERVICEFILE, ~/.pg_service.conf and"
                        .formatted(service.get(), files.isEmpty() ? "any file" : files)
                + " PGSYSCONFDIR/pg_service.conf)");
    }

    /** Whether the search ends here: the section was found, or the file cannot be read. */
    private boolean readSection() {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            given.problem("service file %s cannot be read: %s".formatted(file, e));
            return true;
        }
        boolean inSection = false;
        for (int number = 1; number <= lines.size(); number++) {
            String line = lines.get(number - 1).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            if (line.startsWith("[")) {
                if (inSection) {
                    return true;
                }
                inSection = line.startsWith("[" + service + "]");
            } else if (inSection) {
                readLine(line, number);
            }
        }
        return inSection;
    }

    private void readLine(String line, int number) {
        int equals = line.indexOf('=');
        Optional<Parameter> parameter =
                equals < 0 ? Optional.empty() : Parameter.withKeyword(line.substring(0, equals));
        if (line.startsWith("ldap")) {
            given.problem(
                    "line %d of service file %s asks an LDAP server, which is not supported: write the parameters out"
                            .formatted(number, file));
        } else if (parameter.isEmpty()) {
            given.problem(
                    "line %d of service file %s is not keyword=value with a keyword of libpq, and no spaces around ="
                            .formatted(number, file));
        } else if (parameter.get() == Parameter.SERVICE || parameter.get() == Parameter.SERVICEFILE) {
            given.problem("line %d of service file %s names another service, which libpq does not follow"
                    .formatted(number, file));
        } else {
            given.setIfAbsent(parameter.get(), line.substring(equals + 1), "service %s in %s".formatted(service, file));
        }
    }
}
