package dev.walshift.benchmark;

import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Who changes a table first that nobody else uses. The contenders take turns, so that what disturbs one disturbs all. */
final class IdleBenchmark {
    private static final double MEGA = 1 << 20;

    private final Bench bench;

    IdleBenchmark(Bench bench) {
        this.bench = bench;
    }

    /** Measures, and writes {@code idle-<dataset>-<rows>}. */
    void run(Dataset dataset, long rows, List<String> command) throws SQLException, IOException, InterruptedException {
        try (Arena arena = new Arena(bench)) {
            bench.say("filling %s, %,d rows".formatted(dataset.title(), rows));
            arena.fill(dataset.statements(rows));
            Walshift.warmUp(arena);
            Map<Contender, List<Usage>> usages = new LinkedHashMap<>();
            contenders().forEach(contender -> usages.put(contender, new ArrayList<>()));
            for (int round = 1; round <= bench.rounds(); round++) {
                for (Map.Entry<Contender, List<Usage>> runs : usages.entrySet()) {
                    Contender contender = runs.getKey();
                    arena.reset();
                    Usage usage = arena.measure(() -> contender.run(arena, dataset));
                    runs.getValue().add(usage);
                    bench.say(String.format(
                            Locale.ROOT,
                            "round %d, %s: %.1f s, CPU %.1f + %.1f s, WAL %.0f MB, memory %.0f MB",
                            round,
                            contender.name(),
                            usage.seconds(),
                            usage.serverCpu(),
                            usage.clientCpu(),
                            usage.walBytes() / MEGA,
                            usage.clientPeak() / MEGA));
                }
            }
            report(arena, dataset, rows, usages, command);
        }
    }

    private List<Contender> contenders() {
        List<Contender> contenders = new ArrayList<>(List.of(
                new Walshift("walshift, 1 worker, unverified", "--workers", "1", "--verify", "off"),
                new Walshift("walshift, 2 workers, unverified", "--workers", "2", "--verify", "off"),
                new Walshift("walshift, as it is unless told otherwise"),
                new BlockingAlter(),
                new Floor(Floor.Copy.CREATE_TABLE_AS),
                new Floor(Floor.Copy.INSERT_SELECT)));
        if (PgRepack.isThere(bench)) {
            contenders.add(new PgRepack());
        } else {
            bench.say("pg_repack is not measured: it needs a server it is installed for (--server)");
        }
        return contenders;
    }

    private void report(
            Arena arena, Dataset dataset, long rows, Map<Contender, List<Usage>> usages, List<String> command)
            throws SQLException {
        String title = "%s, %,d rows".formatted(dataset.title(), rows);
        Table table = new Table(
                "", "seconds", "CPU s, server", "CPU s, client", "WAL MB", "memory MB, client", "of blocking ALTER");
        BarChart chart = new BarChart("Seconds until the table is changed: " + title);
        Series blocking = usages.entrySet().stream()
                .filter(runs -> runs.getKey() instanceof BlockingAlter)
                .map(runs -> Series.of(runs.getValue(), Usage::seconds))
                .findFirst()
                .orElseThrow();
        usages.forEach((contender, runs) -> {
            Series seconds = Series.of(runs, Usage::seconds);
            table.row(
                    contender.name(),
                    seconds.text(1),
                    Series.of(runs, Usage::serverCpu).text(1),
                    Series.of(runs, Usage::clientCpu).text(1),
                    Series.of(runs, usage -> usage.walBytes() / MEGA).text(0),
                    Series.of(runs, usage -> usage.clientPeak() / MEGA).text(0),
                    seconds.over(blocking).text(2));
            chart.add(contender.name(), seconds, contender instanceof Walshift);
        });
        String file = "idle-%s-%d".formatted(dataset.name().toLowerCase(Locale.ROOT), rows);
        bench.write(file + ".svg", chart.svg());
        bench.write(file + ".md", """
            # Idle: %s

            Median of %d rounds (minimum – maximum). %s
            Command: %s

            ![](%s.svg)

            %s
            Phases of walshift:

            %s\
            """.formatted(
                        title,
                        bench.rounds(),
                        Machine.describe(arena.server()),
                        Machine.command(command),
                        file,
                        table,
                        phases(usages)));
    }

    private static Table phases(Map<Contender, List<Usage>> usages) {
        Table table = new Table("", "phase", "seconds");
        usages.keySet().stream()
                .filter(Walshift.class::isInstance)
                .map(Walshift.class::cast)
                .forEach(walshift -> walshift.reports()
                        .getFirst()
                        .path("phases")
                        .fieldNames()
                        .forEachRemaining(phase -> table.row(
                                walshift.name(),
                                phase,
                                Series.of(
                                                walshift.reports(),
                                                report -> report.path("phases")
                                                        .path(phase)
                                                        .asDouble())
                                        .text(2))));
        return table;
    }
}
