package dev.walshift.benchmark;

import dev.walshift.testkit.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A server with a database that is made anew for each run, by copying the files of one that was filled once.
 *
 * <p>One thread, but for what {@link #open} gave out.
 */
final class Arena implements AutoCloseable {
    private static final String ORIGINAL = "original";
    static final String DATABASE = "arena";

    private final Bench bench;
    private final PostgresServer server;
    /** The most memory that a program of the current run had. */
    private final AtomicLong peak = new AtomicLong();

    Arena(Bench bench) {
        this.bench = bench;
        this.server = bench.start();
    }

    Bench bench() {
        return bench;
    }

    PostgresServer server() {
        return server;
    }

    /** Of the database, as the command line takes it. */
    String uri() {
        return "postgresql://%s@%s:%d/%s".formatted(server.user(), server.host(), server.port(), DATABASE);
    }

    /** Fills the original. */
    void fill(List<String> statements) throws SQLException {
        drop(DATABASE);
        drop(ORIGINAL);
        execute("postgres", "CREATE DATABASE " + ORIGINAL);
        if (bench.program("pg_repack").isPresent() && bench.installed().isPresent()) {
            execute(ORIGINAL, "CREATE EXTENSION IF NOT EXISTS pg_repack");
        }
        for (String statement : statements) {
            execute(ORIGINAL, statement);
        }
    }

    /** Makes the database anew; its pages are in the operating system's memory then, and nothing is left to be written to disk. */
    void reset() throws SQLException {
        drop(DATABASE);
        String strategy = server.version().isAtLeast(15) ? " STRATEGY file_copy" : "";
        execute("postgres", "CREATE DATABASE %s TEMPLATE %s%s".formatted(DATABASE, ORIGINAL, strategy));
        execute(DATABASE, "SELECT count(t.*) FROM t");
        execute("postgres", "CHECKPOINT");
        peak.set(0);
    }

    private void drop(String database) throws SQLException {
        execute("postgres", "DROP DATABASE IF EXISTS %s WITH (FORCE)".formatted(database));
    }

    Connection open() throws SQLException {
        return server.connect(server.user(), DATABASE);
    }

    void execute(String database, String sql) throws SQLException {
        try (Connection connection = server.connect(server.user(), database);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** One figure. */
    double ask(String sql) throws SQLException {
        try (Connection connection = open();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getDouble(1);
        }
    }

    /** Something that takes time. */
    interface Work {
        void run() throws SQLException, IOException, InterruptedException;
    }

    Usage measure(Work work) throws SQLException, IOException, InterruptedException {
        double wal = wal();
        double serverCpu = ProcFs.cpuOfTree(server.pid());
        double clientCpu = ProcFs.endedChildren(ProcessHandle.current().pid());
        long began = System.nanoTime();
        work.run();
        double seconds = (System.nanoTime() - began) / 1e9;
        awaitEndOfSessions();
        return new Usage(
                seconds,
                ProcFs.cpuOfTree(server.pid()) - serverCpu,
                ProcFs.endedChildren(ProcessHandle.current().pid()) - clientCpu,
                (long) (wal() - wal),
                peak.get());
    }

    /** The server knows what a session took when its process has ended. */
    private void awaitEndOfSessions() throws SQLException {
        String others = """
            SELECT count(*) FROM pg_stat_activity, pg_sleep(0.02)
             WHERE backend_type IN ('client backend', 'walsender', 'parallel worker') AND pid <> pg_backend_pid()
            """;
        while (ask(others) > 0) {
            Thread.onSpinWait();
        }
    }

    private double wal() throws SQLException {
        return ask("SELECT pg_current_wal_insert_lsn() - '0/0'");
    }

    /**
     * Runs a program to its end.
     *
     * @return what it wrote to standard output
     * @throws IOException with what it wrote to standard error, if it fails
     */
    String program(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("walshift-benchmark-", ".out");
        Path errors = Files.createTempFile("walshift-benchmark-", ".err");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectOutput(output.toFile())
                    .redirectError(errors.toFile())
                    .start();
            try {
                while (!process.waitFor(20, TimeUnit.MILLISECONDS)) {
                    peak.accumulateAndGet(ProcFs.peakMemory(process.pid()), Math::max);
                }
            } finally {
                process.destroy();
            }
            if (process.exitValue() != 0) {
                throw new IOException("%s failed with exit code %d: %s"
                        .formatted(String.join(" ", command), process.exitValue(), Files.readString(errors)));
            }
            return Files.readString(output);
        } finally {
            Files.delete(output);
            Files.delete(errors);
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
