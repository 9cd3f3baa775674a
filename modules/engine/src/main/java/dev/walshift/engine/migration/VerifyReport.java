package dev.walshift.engine.migration;

import dev.walshift.engine.journal.VerifyProgress.Direction;
import dev.walshift.engine.journal.VerifyProgress.Scan;
import dev.walshift.engine.verify.VerifyMode;
import java.util.List;

/**
 * What was compared, and found equal.
 *
 * @param mode how much of the tables; OFF also if a comparison was begun and not ended
 * @param rows of the source that were compared with their images
 */
public record VerifyReport(VerifyMode mode, long rows) {
    static final VerifyReport NONE = new VerifyReport(VerifyMode.OFF, 0);

    static VerifyReport of(List<Scan> scans) {
        if (scans.isEmpty() || !scans.stream().allMatch(Scan::isDone)) {
            return NONE;
        }
        boolean sample = scans.stream().anyMatch(scan -> scan.seed().isPresent());
        long rows = scans.stream()
                .filter(scan -> scan.direction() == Direction.SOURCE_TO_SHADOW)
                .mapToLong(Scan::rowsCompared)
                .sum();
        return new VerifyReport(sample ? VerifyMode.SAMPLE : VerifyMode.FULL, rows);
    }
}
