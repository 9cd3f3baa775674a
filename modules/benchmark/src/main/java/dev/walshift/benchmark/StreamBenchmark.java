package dev.walshift.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How fast changes are read from a slot: the engine's reader against PostgreSQL's own program, on the same WAL. */
final class StreamBenchmark {
    /** One transaction each, or a hundred updates in each. */
    private static final List<Integer> TRANSACTION_SIZES = List.of(1, 100);

    private static final String BASE = "base";
    private static final String RUN = "run";
    private static final double MILLION = 1e6;
    /** As the launcher starts walshift, but for the shared archive of classes. */
    private static final List<String> JVM =
            List.of("-Xmx256m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    private final Bench bench;

    StreamBenchmark(Bench bench) {
        this.bench = bench;
    }

    /** One of them that read all there was. */
    private record Reader(String name, int transactionSize, boolean ours, String publication) {}

    void run(long changes, List<String> command) throws SQLException, IOException, InterruptedException {
        try (Arena arena = new Arena(bench)) {
            arena.fill(List.of(
                    "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, note text NOT NULL) WITH (fillfactor = 50)",
                    "INSERT INTO t SELECT i, i, repeat('x', 200) FROM generate_series(1, 100000) i",
                    "VACUUM (FREEZE, ANALYZE) t"));
            Map<Reader, List<Usage>> usages = new LinkedHashMap<>();
            for (int size : TRANSACTION_SIZES) {
                arena.reset();
                arena.execute(
                        Arena.DATABASE,
                        "CREATE PUBLICATION keys FOR TABLE t%s; CREATE PUBLICATION rows FOR TABLE t"
                                .formatted(arena.server().version().isAtLeast(15) ? " (id)" : ""));
                arena.execute(
                        Arena.DATABASE, "SELECT pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(BASE));
                bench.say("writing %,d changes, %d in a transaction".formatted(changes, size));
                write(arena, changes, size);
                List<Reader> readers = List.of(
                        new Reader("walshift, keys only", size, true, "keys"),
                        new Reader("pg_recvlogical, keys only", size, false, "keys"),
                        new Reader("walshift, whole rows", size, true, "rows"),
                        new Reader("pg_recvlogical, whole rows", size, false, "rows"));
                for (int round = 1; round <= bench.rounds(); round++) {
                    for (Reader reader : readers) {
                        Usage usage = read(arena, reader, changes);
                        usages.computeIfAbsent(reader, key -> new ArrayList<>()).add(usage);
                        bench.say(String.format(
                                Locale.ROOT,
                                "round %d, %s, %d a transaction: %.0f changes/s, CPU %.1f + %.1f s",
                                round,
                                reader.name(),
                                size,
                                changes / usage.seconds(),
                                usage.serverCpu(),
                                usage.clientCpu()));
                    }
                }
                arena.execute(Arena.DATABASE, "SELECT pg_drop_replication_slot('%s')".formatted(BASE));
            }
            report(arena, changes, usages, command);
        }
    }

    private static void write(Arena arena, long changes, int size) throws SQLException {
        // Only to have the WAL sooner; what stands in it is the same.
        arena.execute(Arena.DATABASE, "ALTER DATABASE %s SET synchronous_commit = off".formatted(Arena.DATABASE));
        arena.execute(Arena.DATABASE, """
            DO $$
            BEGIN
              FOR i IN 0 .. %d LOOP
                UPDATE t SET n = n + 1 WHERE id BETWEEN i * %d %% 100000 + 1 AND i * %d %% 100000 + %d;
                COMMIT;
              END LOOP;
            END $$
            """.formatted(changes / size - 1, size, size, size));
    }

    private Usage read(Arena arena, Reader reader, long changes)
            throws SQLException, IOException, InterruptedException {
        arena.execute(Arena.DATABASE, "SELECT pg_copy_logical_replication_slot('%s', '%s')".formatted(BASE, RUN));
        // A message after the end makes sure that the end is passed.
        String end = text(arena, "SELECT pg_current_wal_insert_lsn()");
        arena.execute(Arena.DATABASE, "SELECT pg_logical_emit_message(false, 'end', ''), pg_switch_wal()");
        arena.execute(Arena.DATABASE, "CHECKPOINT");
        String[] output = new String[1];
        Usage usage = arena.measure(() -> output[0] =
                arena.program(reader.ours() ? engine(arena, reader, end) : recvlogical(arena, reader, end)));
        if (reader.ours() && !output[0].strip().equals(Long.toString(changes))) {
            throw new IOException("%d changes were made, and read: %s".formatted(changes, output[0]));
        }
        arena.execute(Arena.DATABASE, "SELECT pg_drop_replication_slot('%s')".formatted(RUN));
        return usage;
    }

    private static List<String> engine(Arena arena, Reader reader, String end) throws SQLException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(JVM);
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                StreamReader.class.getName(),
                arena.uri(),
                RUN,
                reader.publication(),
                text(arena, "SELECT 't'::regclass::oid"),
                text(arena, "SELECT pg_snapshot_xmax(pg_current_snapshot())"),
                end));
        return command;
    }

    private List<String> recvlogical(Arena arena, Reader reader, String end) {
        return List.of(
                bench.program("pg_recvlogical").orElseThrow().toString(),
                "--start",
                "--no-loop",
                "--slot=" + RUN,
                "--endpos=" + end,
                "--option=proto_version=1",
                "--option=publication_names=" + reader.publication(),
                "--file=/dev/null",
                "--host=" + arena.server().host(),
                "--port=" + arena.server().port(),
                "--username=" + arena.server().user(),
                "--dbname=" + Arena.DATABASE);
    }

    private static String text(Arena arena, String sql) throws SQLException {
        try (Connection connection = arena.open();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private void report(Arena arena, long changes, Map<Reader, List<Usage>> usages, List<String> command)
            throws SQLException {
        Table table = new Table(
                "", "changes a transaction", "changes/s", "CPU s, client, a million", "CPU s, server, a million");
        BarChart chart = new BarChart("Thousand changes a second");
        usages.forEach((reader, runs) -> {
            table.row(
                    reader.name(),
                    Integer.toString(reader.transactionSize()),
                    Series.of(runs, usage -> changes / usage.seconds()).text(0),
                    Series.of(runs, usage -> usage.clientCpu() / changes * MILLION)
                            .text(1),
                    Series.of(runs, usage -> usage.serverCpu() / changes * MILLION)
                            .text(1));
            chart.add(
                    "%s, %d".formatted(reader.name(), reader.transactionSize()),
                    Series.of(runs, usage -> changes / usage.seconds() / 1000),
                    reader.ours());
        });
        bench.write("stream.svg", chart.svg());
        bench.write("stream.md", """
            # Stream: %,d single-row updates read from a slot

            Median of %d rounds (minimum – maximum), the start of the program included. %s
            Command: %s

            ![](stream.svg)

            %s\
            """.formatted(
                        changes, bench.rounds(), Machine.describe(arena.server()), Machine.command(command), table));
    }
}
