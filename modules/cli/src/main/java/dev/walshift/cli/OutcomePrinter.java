package dev.walshift.cli;

import dev.walshift.cli.progress.PhaseNames;
import dev.walshift.cli.terminal.Amounts;
import dev.walshift.cli.terminal.Terminal;
import dev.walshift.engine.migration.MigrationReport;
import dev.walshift.engine.migration.MigrationReport.CutoverReport;
import dev.walshift.engine.plan.Strategy;
import java.io.PrintStream;
import java.time.Duration;
import java.util.stream.Collectors;

/**
 * Tells how a command ended: a success on standard output, anything else on standard error; with {@code --json} one object
 * on standard output in any case, for scripts.
 */
final class OutcomePrinter {
    private final Terminal terminal;
    private final boolean json;

    OutcomePrinter(Terminal terminal, boolean json) {
        this.terminal = terminal;
        this.json = json;
    }

    void print(Outcome outcome) {
        switch (outcome) {
            case Outcome.Done done when json -> {}
            case Outcome.Done done -> print(done.report());
            case Outcome.Refused refused -> new PlanPrinter(terminal.err()).printRefusal(refused.problems());
            case Outcome.Failed failed -> print("Failed", failed.trouble());
            case Outcome.Interrupted interrupted -> print("Interrupted", interrupted.trouble());
        }
        if (json) {
            terminal.out().println(Json.of(outcome));
        }
    }

    private void print(String what, Trouble trouble) {
        terminal.err()
                .printf("%s: %s%n%s%n", what, Passwords.hide(trouble.message()), Passwords.hide(trouble.remedy()));
    }

    private void print(MigrationReport report) {
        PrintStream out = terminal.out();
        out.printf("Done: %s has the new schema (migration %d).%n", report.table(), report.id());
        if (report.strategy() == Strategy.SHADOW) {
            out.printf("  Rows copied    %s%n", Amounts.count(report.rowsCopied()));
            out.printf("  Changed keys   %s brought up to date%n", Amounts.count(report.keysApplied()));
            out.printf("  Verified       %s%n", verified(report));
        }
        out.printf("  Lock           %s%n", lock(report.cutover()));
        if (report.strategy() == Strategy.SHADOW) {
            out.printf("  Slot lag       %s at most%n", Amounts.bytes(report.maxSlotLagBytes()));
            out.printf(
                    "  Old table      %s%n",
                    report.retired()
                            .map("kept as %s; drop it when you no longer need it"::formatted)
                            .orElse("dropped"));
        }
        out.printf("  Time           %s%n", time(report));
    }

    private static String verified(MigrationReport report) {
        return switch (report.verify().mode()) {
            case FULL -> "yes, old and new table were equal";
            case SAMPLE ->
                "a random sample only, as you asked: %s rows were equal"
                        .formatted(Amounts.count(report.verify().rows()));
            case OFF ->
                isOfEarlierRun(report.cutover()) ? "not before the swap, which an earlier run did" : "no, as you asked";
        };
    }

    private static boolean isOfEarlierRun(CutoverReport cutover) {
        return cutover.attempts() == 0;
    }

    private static String lock(CutoverReport cutover) {
        if (isOfEarlierRun(cutover)) {
            return "taken by the run before, which was interrupted after the swap";
        }
        String attempts =
                cutover.attempts() == 1 ? "at the first attempt" : "at attempt %d".formatted(cutover.attempts());
        return "held for %s, after a wait of %s, %s"
                .formatted(Amounts.duration(cutover.lockHeld()), Amounts.duration(cutover.lockWait()), attempts);
    }

    private static String time(MigrationReport report) {
        Duration total = report.phases().values().stream().reduce(Duration.ZERO, Duration::plus);
        return report.phases().entrySet().stream()
                .map(phase ->
                        "%s %s".formatted(PhaseNames.forPeople(phase.getKey()), Amounts.duration(phase.getValue())))
                .collect(Collectors.joining(", ", Amounts.duration(total) + ": ", ""));
    }
}
