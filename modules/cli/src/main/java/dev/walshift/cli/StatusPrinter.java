package dev.walshift.cli;

import dev.walshift.cli.terminal.Amounts;
import dev.walshift.engine.Problem;
import dev.walshift.engine.migration.MigrationStatus;
import java.io.PrintStream;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Prints a database's migrations as a table, with what is the matter below each. */
final class StatusPrinter {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss'Z'").withZone(ZoneOffset.UTC);
    private static final List<String> HEADER = List.of(
            "ID",
            "TABLE",
            "STATE",
            "RUNNING",
            "COPIED",
            "ROWS COPIED",
            "COMPARED",
            "KEYS WAITING",
            "SLOT LAG",
            "UPDATED");

    private final PrintStream target;

    StatusPrinter(PrintStream target) {
        this.target = target;
    }

    void print(List<MigrationStatus> migrations) {
        if (migrations.isEmpty()) {
            target.println("This database has seen no migrations.");
            return;
        }
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEADER);
        migrations.forEach(migration -> rows.add(cells(migration)));
        int[] widths = widths(rows);
        printRow(HEADER, widths);
        for (MigrationStatus migration : migrations) {
            printRow(cells(migration), widths);
            migration.statement().lines().forEach(line -> target.println("    " + line));
            migration.pace().ifPresent(pace -> target.printf("    Pace: %s, as it was told%n", pace.word()));
            migration.problem().ifPresent(this::printProblem);
        }
    }

    private void printProblem(Problem problem) {
        target.printf("    Problem: %s%n    What to do: %s%n", problem.message(), problem.remedy());
    }

    private static List<String> cells(MigrationStatus migration) {
        return List.of(
                Long.toString(migration.id()),
                migration.table(),
                migration.state().toLowerCase(Locale.ROOT).replace('_', ' '),
                migration.running() ? "yes" : "no",
                migration.copied().map(Amounts::percent).orElse("-"),
                Amounts.count(migration.rowsCopied()),
                migration.compared().map(Amounts::percent).orElse("-"),
                Amounts.count(migration.keysWaiting()),
                migration.slotLagBytes().map(Amounts::bytes).orElse("-"),
                TIME.format(migration.updatedAt()));
    }

    private static int[] widths(List<List<String>> rows) {
        int[] widths = new int[HEADER.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        return widths;
    }

    private void printRow(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            line.append(cells.get(i)).append(" ".repeat(widths[i] - cells.get(i).length() + 2));
        }
        target.println(line.toString().stripTrailing());
    }
}
