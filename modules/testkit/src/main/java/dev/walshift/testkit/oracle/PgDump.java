package dev.walshift.testkit.oracle;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.walshift.testkit.PostgresServer;
import dev.walshift.testkit.ServerVersion;
import dev.walshift.testkit.TestDatabase;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * PostgreSQL's own pg_dump, which the server archives don't hold: one that is installed on this machine. It refuses
 * a server newer than itself.
 */
public final class PgDump {
    /** Where Debian's packages put the programs of each major. */
    private static final Path VERSIONED = Path.of("/usr/lib/postgresql");

    private static final Pattern VERSION = Pattern.compile("pg_dump \\(PostgreSQL\\) (\\d+)");
    private static final Pattern ENTRY = Pattern.compile("(?m)^--\\n-- Name: (.*)\\n--\\n");
    /** Since the minor releases of August 2025 a dump is enclosed in these, with a key drawn at random. */
    private static final Pattern RESTRICT = Pattern.compile("(?m)^\\\\(un)?restrict .*$");

    private final Path program;
    private final int major;

    private PgDump(Path program, int major) {
        this.program = program;
        this.major = major;
    }

    /** One that is at least as new as the server, the oldest of them; empty if none is installed. */
    public static Optional<PgDump> forServer(ServerVersion server) throws IOException, InterruptedException {
        return installed().stream()
                .filter(dump -> dump.major >= server.major())
                .min(Comparator.comparingInt(dump -> dump.major));
    }

    private static List<PgDump> installed() throws IOException, InterruptedException {
        List<Path> folders = new ArrayList<>();
        for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            folders.add(Path.of(folder));
        }
        if (Files.isDirectory(VERSIONED)) {
            try (DirectoryStream<Path> majors = Files.newDirectoryStream(VERSIONED)) {
                majors.forEach(folder -> folders.add(folder.resolve("bin")));
            }
        }
        List<PgDump> found = new ArrayList<>();
        for (Path folder : folders) {
            Path program = folder.resolve("pg_dump");
            if (Files.isExecutable(program)) {
                Matcher version = VERSION.matcher(run(List.of(program.toString(), "--version")));
                if (version.find()) {
                    found.add(new PgDump(program, Integer.parseInt(version.group(1))));
                }
            }
        }
        return found;
    }

    /** The database's schema without walshift's own schemas, entry by entry of pg_dump's table of contents. */
    public SchemaDump dump(TestDatabase database) throws IOException, InterruptedException {
        PostgresServer server = database.server();
        String sql = run(List.of(
                program.toString(),
                "--schema-only",
                "--exclude-schema=walshift",
                "--exclude-schema=walshift_*",
                "--host=" + server.host(),
                "--port=" + server.port(),
                "--username=" + server.user(),
                "--no-password",
                database.name()));
        return new SchemaDump(entries(RESTRICT.matcher(sql).replaceAll("")));
    }

    private static SortedMap<String, SortedMap<String, String>> entries(String sql) {
        SortedMap<String, SortedMap<String, String>> entries = new TreeMap<>();
        Matcher header = ENTRY.matcher(sql);
        String name = "";
        int start = 0;
        boolean more = true;
        while (more) {
            more = header.find();
            if (!name.isEmpty()) {
                String text = sql.substring(start, more ? header.start() : sql.length())
                        .strip();
                entries.computeIfAbsent(name, key -> new TreeMap<>())
                        .merge("sql", name.contains("; Type: ACL;") ? sorted(text) : text, (a, b) -> a + "\n" + b);
            }
            if (more) {
                name = header.group(1);
                start = header.end();
            }
        }
        return entries;
    }

    /** GRANTs come in the order in which they were given, which has no meaning. */
    private static String sorted(String statements) {
        return statements.lines().sorted().collect(Collectors.joining("\n"));
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException("%s failed: %s".formatted(String.join(" ", command), output));
            }
            return output;
        } finally {
            process.destroy();
        }
    }

    @Override
    public String toString() {
        return "%s (%d)".formatted(program, major);
    }
}
