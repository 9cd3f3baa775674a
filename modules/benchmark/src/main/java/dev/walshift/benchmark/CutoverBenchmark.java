package dev.walshift.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How long the swap locks a table that is written all the time. */
final class CutoverBenchmark {
    private static final long ROWS = 100_000;

    private final Bench bench;

    CutoverBenchmark(Bench bench) {
        this.bench = bench;
    }

    void run(int cutovers, int clients, List<String> command) throws SQLException, IOException, InterruptedException {
        try (Arena arena = new Arena(bench)) {
            arena.fill(Dataset.NARROW.statements(ROWS));
            Walshift.warmUp(arena);
            arena.reset();
            List<JsonNode> reports = new ArrayList<>();
            Walshift walshift = new Walshift("walshift");
            try (PgBench application = PgBench.start(arena, Load.UPDATES, clients, ROWS)) {
                for (int i = 1; i <= cutovers; i++) {
                    JsonNode report = walshift.run(arena, List.of("--rebuild"));
                    reports.add(report.path("cutover"));
                    bench.say("%d: %s".formatted(i, report.path("cutover")));
                }
                List<PgBench.Transaction> transactions = application.stop();
                report(arena, reports, Series.of(transactions, PgBench.Transaction::latency), clients, command);
            }
        }
    }

    private void report(Arena arena, List<JsonNode> cutovers, Series latency, int clients, List<String> command)
            throws SQLException {
        Series held = Series.of(cutovers, cutover -> cutover.path("lockHeldMs").asDouble());
        Series waited =
                Series.of(cutovers, cutover -> cutover.path("lockWaitMs").asDouble());
        Series attempts =
                Series.of(cutovers, cutover -> cutover.path("attempts").asDouble());
        Table table = new Table("", "p50", "p90", "worst")
                .row("lock held, ms", figures(held))
                .row("lock waited for at the last attempt, ms", figures(waited))
                .row("attempts", figures(attempts))
                .row("a statement of the application's, ms", figures(latency));
        bench.write("cutovers.md", """
            # Cutovers: %d of a table with three indexes, under single-row updates by %d clients

            %s
            Command: %s

            %s\
            """.formatted(
                        cutovers.size(), clients, Machine.describe(arena.server()), Machine.command(command), table));
    }

    private static String[] figures(Series series) {
        return new String[] {
            figure(series.median()), figure(series.percentile(0.9)), figure(series.max()),
        };
    }

    private static String figure(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
