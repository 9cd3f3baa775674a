package dev.walshift.benchmark;

import com.fasterxml.jackson.databind.JsonNode;
import dev.walshift.benchmark.PgBench.Transaction;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** What an application that never pauses notices while its table is changed. */
final class HotBenchmark {
    private static final Dataset DATASET = Dataset.NARROW;
    /** Pages and plans are in memory by then. */
    private static final double WARM_UP = 5;

    private static final double BEFORE = 15;
    private static final double AFTER = 5;
    private static final double MEGA = 1 << 20;

    private final Bench bench;

    HotBenchmark(Bench bench) {
        this.bench = bench;
    }

    /**
     * What one contender did to the application.
     *
     * @param began the change's first instant, in seconds since 1970
     * @param ended its last one
     */
    private record Run(double began, double ended, List<Transaction> transactions, Sampler.Most held) {
        double rateBefore() {
            return count(began - BEFORE, began) / BEFORE;
        }

        double seconds() {
            return ended - began;
        }

        double keptRate() {
            return count(began, ended) / seconds() / rateBefore();
        }

        double lost() {
            return Math.max(0, rateBefore() * seconds() - count(began, ended));
        }

        long count(double from, double to) {
            return transactions.stream()
                    .filter(transaction -> transaction.end() >= from && transaction.end() < to)
                    .count();
        }

        /** NaN where there was none. */
        double latency(double from, double to, double part) {
            List<Double> latencies = transactions.stream()
                    .filter(transaction -> transaction.end() >= from && transaction.end() < to)
                    .map(Transaction::latency)
                    .toList();
            return latencies.isEmpty() ? Double.NaN : new Series(latencies).percentile(part);
        }
    }

    void run(Load load, int clients, long rows, List<String> command)
            throws SQLException, IOException, InterruptedException {
        try (Arena arena = new Arena(bench)) {
            List<String> statements = new ArrayList<>(DATASET.statements(rows));
            statements.add("CREATE SEQUENCE added");
            arena.fill(statements);
            Walshift.warmUp(arena);
            Map<Contender, List<Run>> all = new LinkedHashMap<>();
            contenders().forEach(contender -> all.put(contender, new ArrayList<>()));
            for (int round = 1; round <= bench.rounds(); round++) {
                for (Map.Entry<Contender, List<Run>> runs : all.entrySet()) {
                    Run run = run(arena, runs.getKey(), load, clients, rows);
                    runs.getValue().add(run);
                    bench.say(String.format(
                            Locale.ROOT,
                            "round %d, %s: %.1f s, %.0f/s before, %.0f %% of it kept, %.0f lost, worst %.0f ms",
                            round,
                            runs.getKey().name(),
                            run.seconds(),
                            run.rateBefore(),
                            100 * run.keptRate(),
                            run.lost(),
                            run.latency(run.began(), run.ended(), 1)));
                }
            }
            report(arena, load, clients, rows, all, command);
        }
    }

    private List<Contender> contenders() {
        List<Contender> contenders = new ArrayList<>(List.of(
                new Walshift("walshift, as it is unless told otherwise"),
                new Walshift("walshift, indexes first", "--indexes-first"),
                new Walshift("walshift, full pace, unverified", "--pace", "full", "--verify", "off")));
        if (PgRepack.isThere(bench)) {
            contenders.add(new PgRepack());
        }
        return contenders;
    }

    private Run run(Arena arena, Contender contender, Load load, int clients, long rows)
            throws SQLException, IOException, InterruptedException {
        arena.reset();
        try (PgBench application = PgBench.start(arena, load, clients, rows);
                Sampler sampler = new Sampler(arena)) {
            pause(WARM_UP + BEFORE);
            double began = now();
            contender.run(arena, DATASET);
            double ended = now();
            Sampler.Most held = sampler.stop();
            pause(AFTER);
            return new Run(began, ended, application.stop(), held);
        }
    }

    private static void pause(double seconds) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep((long) (seconds * 1000));
    }

    private static double now() {
        return System.currentTimeMillis() / 1e3;
    }

    private void report(
            Arena arena, Load load, int clients, long rows, Map<Contender, List<Run>> all, List<String> command)
            throws SQLException {
        String title = "%s by %d clients, %,d rows".formatted(load.title(), clients, rows);
        Table table = new Table(
                "",
                "seconds",
                "transactions/s before",
                "part kept meanwhile",
                "lost",
                "p50 ms",
                "p99 ms",
                "worst ms",
                "worst ms before",
                "snapshot held s",
                "slot lag MB");
        LineChart chart = new LineChart("Transactions a second: " + title, "seconds since the change began");
        all.forEach((contender, runs) -> {
            table.row(
                    contender.name(),
                    Series.of(runs, Run::seconds).text(1),
                    Series.of(runs, Run::rateBefore).text(0),
                    Series.of(runs, Run::keptRate).text(2),
                    Series.of(runs, Run::lost).text(0),
                    Series.of(runs, run -> run.latency(run.began(), run.ended(), 0.5))
                            .text(2),
                    Series.of(runs, run -> run.latency(run.began(), run.ended(), 0.99))
                            .text(1),
                    Series.of(runs, run -> run.latency(run.began(), run.ended(), 1))
                            .text(0),
                    Series.of(runs, run -> run.latency(run.began() - BEFORE, run.began(), 1))
                            .text(0),
                    Series.of(runs, run -> run.held().snapshot()).text(1),
                    Series.of(runs, run -> run.held().slotLag() / MEGA).text(0));
            chart.add(contender.name(), rates(runs.getLast()));
        });
        String file = "hot-%s-%d".formatted(load.name().toLowerCase(Locale.ROOT), clients);
        bench.write(file + ".svg", chart.svg());
        bench.write(file + ".md", """
            # Hot: %s

            Median of %d rounds (minimum – maximum); the picture shows the last round. %s
            Command: %s

            ![](%s.svg)

            %s
            Latency of the application in each phase of walshift, last round (the phases are counted back from the end of the process, so that their bounds are
                true to some 50 ms):

            %s\
            """.formatted(
                        title,
                        bench.rounds(),
                        Machine.describe(arena.server()),
                        Machine.command(command),
                        file,
                        table,
                        phases(all)));
    }

    private static List<Svg.Point> rates(Run run) {
        return IntStream.range((int) -BEFORE, (int) (run.seconds() + AFTER))
                .mapToObj(second -> new Svg.Point(second, run.count(run.began() + second, run.began() + second + 1)))
                .toList();
    }

    /** The phases follow each other and end when the program does. */
    private static Table phases(Map<Contender, List<Run>> all) {
        Table table = new Table("", "phase", "seconds", "transactions/s", "p50 ms", "p99 ms", "worst ms");
        all.forEach((contender, runs) -> {
            if (contender instanceof Walshift walshift) {
                Run run = runs.getLast();
                JsonNode phases = walshift.reports().getLast().path("phases");
                double from = run.ended();
                for (JsonNode phase : phases) {
                    from -= phase.asDouble();
                }
                for (Map.Entry<String, JsonNode> phase : phases.properties()) {
                    double seconds = phase.getValue().asDouble();
                    double to = from + seconds;
                    table.row(
                            contender.name(),
                            phase.getKey(),
                            figure(seconds),
                            figure(run.count(from, to) / seconds),
                            figure(run.latency(from, to, 0.5)),
                            figure(run.latency(from, to, 0.99)),
                            figure(run.latency(from, to, 1)));
                    from = to;
                }
            }
        });
        return table;
    }

    private static String figure(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, value < 100 ? "%.2f" : "%.0f", value);
    }
}
