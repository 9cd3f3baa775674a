package dev.walshift.cli;

import dev.walshift.cli.terminal.Amounts;
import dev.walshift.engine.Problem;
import dev.walshift.engine.pace.Limit;
import dev.walshift.engine.pace.Limits;
import dev.walshift.engine.plan.MigrationPlan;
import dev.walshift.engine.plan.Strategy;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Prints plans for people. */
final class PlanPrinter {
    private final PrintStream target;

    PlanPrinter(PrintStream target) {
        this.target = target;
    }

    void print(MigrationPlan plan, Limits limits, List<String> steps) {
        target.printf("Table      %s%n", plan.table().name());
        target.printf(
                "Size       about %s rows; %s, indexes %s%n",
                Amounts.count(plan.size().rows()),
                Amounts.bytes(plan.size().heapBytes()),
                Amounts.bytes(plan.size().indexBytes()));
        if (!plan.statement().isBlank()) {
            target.printf("Statement  %s%n", plan.statement());
        }
        target.printf("Strategy   %s%n", strategy(plan.strategy()));
        printSection("Changes", plan.changes());
        printSection("Notices", plan.notices());
        printSection("What will happen", steps);
        printSection("Limits", limits(plan.strategy(), limits));
    }

    void printRefusal(List<Problem> problems) {
        int count = problems.size();
        target.printf("Refused, nothing was touched: %s stand%s in the way.%n", things(count), count == 1 ? "s" : "");
        int number = 1;
        for (Problem problem : problems) {
            target.printf("%n%d. %s%n   What to do: %s%n", number, problem.message(), problem.remedy());
            number++;
        }
    }

    private static String things(int count) {
        return count == 1 ? "one thing" : count + " things";
    }

    private static String strategy(Strategy strategy) {
        return switch (strategy) {
            case IN_PLACE -> "in place: only the catalog changes, no row is rewritten";
            case SHADOW ->
                "shadow table: the rows must be rewritten, so a new table is filled and then takes the old one's place";
        };
    }

    private static List<String> limits(Strategy strategy, Limits limits) {
        List<String> lines = new ArrayList<>();
        if (strategy == Strategy.SHADOW) {
            lines.add("WAL kept for the slot: " + text(limits.slotWalBytes(), Amounts::bytes));
            lines.add("log of changed keys: " + text(limits.keyLogBytes(), Amounts::bytes));
            lines.add("vacuum held back: " + text(limits.snapshotAge(), Amounts::estimate));
        }
        lines.add("time of a run: " + text(limits.time(), Amounts::estimate));
        return lines;
    }

    private static <T> String text(Limit<T> limit, Function<T, String> words) {
        return limit.most().map(words).orElse("no limit");
    }

    private void printSection(String title, List<String> lines) {
        if (lines.isEmpty()) {
            return;
        }
        target.printf("%n%s%n", title);
        lines.forEach(line -> target.printf("- %s%n", line));
    }
}
