package dev.walshift.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A real PostgreSQL server on a port and in a folder of its own, durable as in production (fsync and synchronous_commit are
 * on) and ready for logical decoding.
 *
 * <p>It is stopped and its folder removed by {@link #close()}, or when this JVM ends in any way, kill -9 included. Any thread
 * may call any method; starting, stopping and closing wait for each other.
 */
public final class PostgresServer implements AutoCloseable {
    /** How the server goes down. */
    public enum StopMode {
        /** Ends all sessions, rolls back their transactions, writes a checkpoint. */
        FAST,
        /** A crash: the next start has to recover from the WAL. */
        IMMEDIATE
    }

    private static final String HOST = "127.0.0.1";
    private static final String SUPERUSER = "postgres";
    private static final String START_PATIENCE_SECONDS = "60";
    private static final Pattern SETTING_NAME = Pattern.compile("[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)?");

    /** What every server gets unless told otherwise; in postgresql.conf, so that ALTER SYSTEM can still change it. */
    private static final Map<String, String> DEFAULT_SETTINGS = Map.ofEntries(
            Map.entry("listen_addresses", HOST),
            Map.entry("unix_socket_directories", ""),
            Map.entry("fsync", "on"),
            Map.entry("synchronous_commit", "on"),
            Map.entry("wal_level", "logical"),
            Map.entry("max_wal_senders", "20"),
            Map.entry("max_replication_slots", "20"),
            Map.entry("max_prepared_transactions", "20"),
            Map.entry("shared_buffers", "128MB"),
            Map.entry("autovacuum", "on"),
            Map.entry("log_line_prefix", "%m [%p] %d "));

    private final ServerVersion version;
    private final ServerBinaries binaries;
    private final ServerFolder folder;
    private final Ports.Claim port;
    private boolean running;

    private PostgresServer(ServerVersion version, ServerBinaries binaries, ServerFolder folder) {
        this.version = version;
        this.binaries = binaries;
        this.folder = folder;
        this.port = Ports.claim();
    }

    /** The majors this build can start, oldest first. */
    public static List<ServerVersion> majors() {
        return ServerBinaries.available();
    }

    /**
     * The majors that tests should run on, oldest first: those in the system property {@code walshift.test.servers} (such
     * as "14,18"), or else all.
     */
    public static List<ServerVersion> defaultMajors() {
        String chosen = System.getProperty("walshift.test.servers", "");
        if (chosen.isBlank()) {
            return majors();
        }
        return Stream.of(chosen.split(",")).map(ServerVersion::parse).sorted().toList();
    }

    /**
     * The majors for a case of a test: one of {@link #defaultMajors()}, if the system property {@code walshift.test.sampled} is true, and or
     * else all.
     *
     * @param test names the case; the major is always the same for what prints the same
     */
    public static List<ServerVersion> sampledMajors(Object... test) {
        return sampled(defaultMajors(), test);
    }

    /** The same out of majors that a case can be had with. */
    public static List<ServerVersion> sampled(List<ServerVersion> majors, Object... test) {
        return Boolean.getBoolean("walshift.test.sampled") && !majors.isEmpty()
                ? List.of(majors.get(Math.floorMod(Arrays.toString(test).hashCode(), majors.size())))
                : majors;
    }

    /**
     * Initialises a data folder and starts a server on it.
     *
     * @param settings lines of postgresql.conf, by name, which go before the defaults named in the class
     * @throws ServerException if it does not accept connections within a minute; nothing is left behind then
     */
    public static PostgresServer start(ServerVersion version, Map<String, String> settings) {
        return start(version, ServerBinaries.of(version), settings);
    }

    /**
     * The same with a server that is installed on this machine, for what only that has, such as its extensions.
     *
     * @param home the folder above its bin folder
     */
    public static PostgresServer startInstalled(ServerVersion version, Path home, Map<String, String> settings) {
        return start(version, ServerBinaries.installed(home), settings);
    }

    private static PostgresServer start(ServerVersion version, ServerBinaries binaries, Map<String, String> settings) {
        ServerFolder folder = ServerFolder.create(binaries);
        PostgresServer server = new PostgresServer(version, binaries, folder);
        return startOrClose(server, () -> {
            List<String> options = List.of("--auth=trust", "--username=" + SUPERUSER, "--encoding=UTF8", "--locale=C");
            binaries.run(folder.output(), "initdb", folder.withData(options, "--no-sync"));
            Map<String, String> all = new LinkedHashMap<>(DEFAULT_SETTINGS);
            all.putAll(settings);
            server.writeSettings(all);
        });
    }

    /** Starts a server with the default settings. */
    public static PostgresServer start(ServerVersion version) {
        return start(version, Map.of());
    }

    /**
     * Starts a physical standby of this server, streaming through a physical slot of its own.
     *
     * @param name slot name and application_name, as synchronous_standby_names wants it: lower case letters, digits, _
     * @param settings lines of postgresql.conf that differ from this server's, such as recovery_min_apply_delay
     * @throws SQLException if this server refuses the slot or the backup
     * @throws ServerException if the standby does not accept connections within a minute
     */
    public PostgresServer startStandby(String name, Map<String, String> settings) throws SQLException {
        ServerFolder standbyFolder = ServerFolder.create(binaries);
        PostgresServer standby = new PostgresServer(version, binaries, standbyFolder);
        try {
            BaseBackup.copy(this, name, folder.data(), standbyFolder.data());
        } catch (SQLException | RuntimeException e) {
            standby.close();
            throw e;
        }
        return startOrClose(standby, () -> {
            Map<String, String> all = new LinkedHashMap<>(settings);
            all.put(
                    "primary_conninfo",
                    "host=%s port=%d user=%s dbname=postgres application_name=%s"
                            .formatted(HOST, port(), SUPERUSER, name));
            all.put("primary_slot_name", name);
            standby.writeSettings(all);
        });
    }

    private interface Preparation {
        void run() throws IOException;
    }

    private static PostgresServer startOrClose(PostgresServer server, Preparation preparation) {
        try {
            preparation.run();
            server.startAgain();
            return server;
        } catch (IOException e) {
            server.close();
            throw new ServerException("cannot prepare %s".formatted(server.folder.data()), e);
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
    }

    private void writeSettings(Map<String, String> settings) throws IOException {
        Map<String, String> all = new LinkedHashMap<>(settings);
        all.put("port", Integer.toString(port()));
        String lines = all.entrySet().stream()
                .map(setting -> "%s = %s\n".formatted(checkedName(setting.getKey()), quoted(setting.getValue())))
                .collect(joining("", "\n", ""));
        Files.writeString(folder.data().resolve("postgresql.conf"), lines, UTF_8, StandardOpenOption.APPEND);
    }

    /** Starts the stopped server on the same folder and port; does nothing if it runs. */
    public synchronized void startAgain() {
        if (running) {
            return;
        }
        List<String> options =
                List.of("start", "--wait", "--timeout=" + START_PATIENCE_SECONDS, "--log=" + folder.log());
        try {
            binaries.run(folder.output(), "pg_ctl", folder.withData(options));
        } catch (ServerException e) {
            throw new ServerException("PostgreSQL %s did not start; its log: %s".formatted(version, log()), e);
        }
        running = true;
    }

    /** Stops the server and waits until its processes are gone; does nothing if it is stopped. */
    public synchronized void stop(StopMode mode) {
        if (!running) {
            return;
        }
        String modeName = mode.name().toLowerCase(Locale.ROOT);
        binaries.run(
                folder.output(),
                "pg_ctl",
                folder.withData(List.of("stop", "--wait", "--timeout=60", "--mode=" + modeName)));
        running = false;
    }

    /**
     * Changes settings while the server runs (ALTER SYSTEM and pg_reload_conf), and returns when new sessions see them.
     *
     * @param settings by name; those that need a restart take effect at the next {@link #startAgain()}
     */
    public void configure(Map<String, String> settings) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            for (Map.Entry<String, String> setting : settings.entrySet()) {
                String name = checkedName(setting.getKey());
                statement.execute("ALTER SYSTEM SET %s = %s".formatted(name, quoted(setting.getValue())));
            }
        }
        String before = queryOne("SELECT pg_conf_load_time()::text");
        queryOne("SELECT pg_reload_conf()::text");
        // A new session inherits what the postmaster has loaded; the pause between two looks is the server's.
        String after = before;
        while (after.equals(before)) {
            after = queryOne("SELECT pg_conf_load_time()::text FROM pg_sleep(0.01)");
        }
    }

    /** Turns a standby into a primary and waits until it accepts writes. */
    public void promote() throws SQLException {
        if (!"true".equals(queryOne("SELECT pg_promote(true, 60)::text"))) {
            throw new ServerException("the standby was not promoted within 60 s; its log: %s".formatted(log()));
        }
    }

    private String queryOne(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    /** A new session of the superuser in the database postgres, in auto-commit mode. */
    public Connection connect() throws SQLException {
        return connect(SUPERUSER, "postgres");
    }

    /** A new session, in auto-commit mode; no password is asked for. */
    public Connection connect(String user, String database) throws SQLException {
        return DriverManager.getConnection(jdbcUrl(user, database));
    }

    /** The URL of the database postgres, with the superuser in it. */
    public String jdbcUrl() {
        return jdbcUrl(SUPERUSER, "postgres");
    }

    /** The URL of a database, with the user in it; both are plain names that need no escaping in a URL. */
    public String jdbcUrl(String user, String database) {
        return "jdbc:postgresql://%s:%d/%s?user=%s".formatted(HOST, port(), database, user);
    }

    public ServerVersion version() {
        return version;
    }

    public String host() {
        return HOST;
    }

    public int port() {
        return port.port();
    }

    /** The superuser, who needs no password. */
    public String user() {
        return SUPERUSER;
    }

    /** The process that all its others are children of. */
    public long pid() {
        try (Stream<String> lines = Files.lines(folder.data().resolve("postmaster.pid"))) {
            return Long.parseLong(lines.findFirst().orElseThrow().strip());
        } catch (IOException e) {
            throw new UncheckedIOException("the server is not running", e);
        }
    }

    /** What the server has logged since it was first started. */
    public String log() {
        try {
            return Files.exists(folder.log()) ? Files.readString(folder.log()) : "";
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the server's log", e);
        }
    }

    /** Ends the server whatever state it is in and removes its folder; does nothing the second time. */
    @Override
    public synchronized void close() {
        running = false;
        folder.close();
        port.close();
    }

    private static String checkedName(String name) {
        if (!SETTING_NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("setting must be a name such as wal_level, got '%s'".formatted(name));
        }
        return name;
    }

    private static String quoted(String value) {
        return "'" + value.replace("'", "''") + "'";
    }
}
