package dev.walshift.cli.demo;

import dev.walshift.cli.progress.PhaseNames;
import dev.walshift.cli.terminal.Amounts;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationReport.CutoverReport;
import dev.walshift.testkit.oracle.Comparison;
import dev.walshift.testkit.workload.WorkloadError;
import dev.walshift.testkit.workload.WorkloadStats;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Tells how the demonstration went. */
final class DemoSummary {
    private static final String WRITERS_ROW = "  %-26s %12s %12s %12s %12s%n";

    private final PrintStream out;

    DemoSummary(PrintStream out) {
        this.out = out;
    }

    void print(MigrationReport report, Traffic traffic, Comparison comparison) {
        out.println();
        printMigration(report);
        out.println();
        printWriters(traffic);
        out.println();
        printJudgement(traffic.errors(), comparison);
    }

    private void printMigration(MigrationReport report) {
        Duration total = report.phases().values().stream().reduce(Duration.ZERO, Duration::plus);
        String phases = report.phases().entrySet().stream()
                .map(phase ->
                        "%s %s".formatted(PhaseNames.forPeople(phase.getKey()), Amounts.duration(phase.getValue())))
                .collect(Collectors.joining(", "));
        CutoverReport cutover = report.cutover();
        out.println("The migration");
        out.printf("  Time        %s: %s%n", Amounts.duration(total), phases);
        out.printf(
                "  Rows        %s copied, then %s changed keys brought up to date%n",
                Amounts.count(report.rowsCopied()), Amounts.count(report.keysApplied()));
        out.printf(
                "  Lock        the table was locked for %s while the tables were swapped (attempts: %d)%n",
                Amounts.duration(cutover.lockHeld()), cutover.attempts());
        out.printf("  Slot lag    %s of WAL held back at most%n", Amounts.bytes(report.maxSlotLagBytes()));
    }

    private void printWriters(Traffic traffic) {
        List<WorkloadStats> windows =
                List.of(traffic.before(), traffic.whileMigrating(), traffic.atTheSwap(), traffic.after());
        out.printf(WRITERS_ROW, "The writers", "before", "migrating", "at the swap", "after");
        printRow("watched for", windows, window -> Amounts.duration(window.elapsed()));
        printRow("transactions per second", windows, DemoSummary::rate);
        printRow(
                "median latency",
                windows,
                window -> latency(window, window.latency().p50()));
        printRow(
                "99 % were faster than",
                windows, window -> latency(window, window.latency().p99()));
        printRow(
                "worst latency",
                windows,
                window -> latency(window, window.latency().worst()));
        printRow("errors", windows, window -> Amounts.count(window.errors()));
    }

    private void printRow(String title, List<WorkloadStats> windows, Function<WorkloadStats, String> cell) {
        Object[] cells = windows.stream().map(cell).toArray();
        out.printf(WRITERS_ROW, title, cells[0], cells[1], cells[2], cells[3]);
    }

    private static String rate(WorkloadStats window) {
        return Amounts.count(Math.round(window.transactionsPerSecond()));
    }

    private static String latency(WorkloadStats window, Duration duration) {
        return window.transactions() == 0 ? "-" : Amounts.duration(duration);
    }

    private void printJudgement(List<WorkloadError> errors, Comparison comparison) {
        errors.forEach(error -> out.printf(
                "A writer met an error: %s %s (%s)%n", error.sqlState(), error.message(), error.operation()));
        if (comparison.isExact()) {
            out.printf(
                    "EQUAL: the table has %s rows, and each is exactly as the writers know that they wrote it.%n",
                    Amounts.count(comparison.foundRows()));
        } else {
            out.printf("DIFFERENT, which must never happen; please report it: %s%n", comparison);
        }
    }
}
