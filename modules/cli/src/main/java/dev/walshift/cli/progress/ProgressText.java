package dev.walshift.cli.progress;

import dev.walshift.cli.terminal.Amounts;
import dev.walshift.engine.migration.MigrationProgress;
import dev.walshift.engine.migration.Phase;
import java.util.ArrayList;
import java.util.List;

/** Puts into words where a migration is. What matters most comes first in a line, for lines may be cut. */
@FunctionalInterface
public interface ProgressText {
    List<String> lines(MigrationProgress progress);

    /** All about a migration in one line. */
    static String oneLine(MigrationProgress progress) {
        List<String> parts = new ArrayList<>();
        parts.add(station(progress));
        progress.eta().ifPresent(eta -> parts.add("ETA " + Amounts.estimate(eta)));
        if (progress.phase() == Phase.COPY) {
            parts.add("%s rows/s".formatted(Amounts.count(progress.rowsPerSecond())));
        }
        if (progress.phase().compareTo(Phase.COPY) >= 0) {
            parts.add("%s changed keys waiting".formatted(Amounts.count(progress.keysWaiting())));
            parts.add("slot lag %s".formatted(Amounts.bytes(progress.slotLagBytes())));
        }
        if (!progress.detail().isBlank()) {
            parts.add(progress.detail());
        }
        return String.join(", ", parts);
    }

    private static String station(MigrationProgress progress) {
        String name = PhaseNames.forPeople(progress.phase());
        if (progress.done().isPresent()) {
            return "%s %s".formatted(name, Amounts.percent(progress.done().get()));
        }
        return progress.elapsed().toSeconds() == 0
                ? name
                : "%s for %s".formatted(name, Amounts.estimate(progress.elapsed()));
    }
}
