package dev.walshift.benchmark;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;

/** What grows with the table, and what does not. */
final class GrowthBenchmark {
    private static final double MEGA = 1 << 20;
    private static final double KILO = 1 << 10;
    private static final String JOURNAL = """
        SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'walshift' AND c.relkind = 'r'
        """;

    private final Bench bench;

    GrowthBenchmark(Bench bench) {
        this.bench = bench;
    }

    void run(List<Long> sizes, List<String> command) throws SQLException, IOException, InterruptedException {
        Table table = new Table(
                "rows", "seconds", "seconds a million rows", "blocking ALTER, seconds", "memory MB", "journal kB");
        try (Arena arena = new Arena(bench)) {
            arena.fill(Dataset.NARROW.statements(1000));
            Walshift.warmUp(arena);
            for (long rows : sizes) {
                arena.fill(Dataset.NARROW.statements(rows));
                arena.reset();
                Usage blocking = arena.measure(() -> new BlockingAlter().run(arena, Dataset.NARROW));
                arena.reset();
                Walshift walshift = new Walshift("walshift", "--verify", "off");
                Usage usage = arena.measure(() -> walshift.run(arena, Dataset.NARROW));
                table.row(
                        String.format(Locale.ROOT, "%,d", rows),
                        figure(usage.seconds()),
                        figure(usage.seconds() / rows * 1e6),
                        figure(blocking.seconds()),
                        figure(usage.clientPeak() / MEGA),
                        figure(arena.ask(JOURNAL) / KILO));
                bench.say("%,d rows: %.1f s".formatted(rows, usage.seconds()));
            }
            bench.write("growth.md", """
                # Growth: narrow tables with three indexes, unverified

                One run each. %s
                Command: %s

                %s\
                """.formatted(Machine.describe(arena.server()), Machine.command(command), table));
        }
    }

    private static String figure(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
