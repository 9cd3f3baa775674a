package dev.walshift.benchmark;

import dev.walshift.testkit.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/** The machine and the server that figures come from, for whoever wants to compare. */
final class Machine {
    private static final List<String> SHOWN = List.of(
            "shared_buffers", "maintenance_work_mem", "max_wal_size", "fsync", "synchronous_commit", "wal_level");

    private Machine() {}

    /** A paragraph of Markdown. */
    static String describe(PostgresServer server) throws SQLException {
        return "Measured on %s: %s, %d processors, %d GiB of memory, Linux %s, Java %s; PostgreSQL %s with %s.\n"
                .formatted(
                        LocalDate.now(ZoneOffset.UTC),
                        fact("/proc/cpuinfo", "model name"),
                        Runtime.getRuntime().availableProcessors(),
                        Long.parseLong(fact("/proc/meminfo", "MemTotal").replace(" kB", "")) >> 20,
                        System.getProperty("os.version"),
                        System.getProperty("java.version"),
                        show(server, "server_version"),
                        settings(server));
    }

    private static String fact(String file, String name) {
        try (var lines = Files.lines(Path.of(file))) {
            return lines.filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String settings(PostgresServer server) throws SQLException {
        StringBuilder settings = new StringBuilder();
        for (String name : SHOWN) {
            settings.append(settings.isEmpty() ? "" : ", ")
                    .append(name)
                    .append(' ')
                    .append(show(server, name));
        }
        return settings.toString();
    }

    private static String show(PostgresServer server, String setting) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SHOW " + setting)) {
            rows.next();
            return rows.getString(1);
        }
    }

    /** The command that measured it. */
    static String command(List<String> arguments) {
        return "`mvn -Pbenchmark -DskipTests verify -Dbenchmark=\"%s\"`".formatted(String.join(" ", arguments));
    }
}
