package dev.walshift.cli;

import dev.walshift.cli.terminal.Terminal;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a command finds around it.
 *
 * @param terminal where it prints
 * @param environment libpq's variables among others
 * @param home folder of libpq's files: {@code .pgpass}, {@code .pg_service.conf}, {@code .postgresql}
 * @param shutdown tells it when the process is asked to end
 */
record Surroundings(Terminal terminal, Map<String, String> environment, Path home, Shutdown shutdown) {
    Surroundings {
        environment = Map.copyOf(environment);
    }
}
