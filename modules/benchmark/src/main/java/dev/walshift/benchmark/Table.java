package dev.walshift.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A table of Markdown. */
final class Table {
    private final StringBuilder text = new StringBuilder();

    Table(String... heads) {
        row(List.of(heads));
        row(List.of(heads).stream().map(head -> "---").toList());
    }

    Table row(List<String> cells) {
        text.append(cells.stream().collect(Collectors.joining(" | ", "| ", " |\n")));
        return this;
    }

    Table row(String first, String... others) {
        List<String> cells = new ArrayList<>(List.of(first));
        cells.addAll(List.of(others));
        return row(cells);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
