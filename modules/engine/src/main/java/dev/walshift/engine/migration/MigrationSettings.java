package dev.walshift.engine.migration;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.cutover.CutoverSettings;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How patient and how careful a migration is.
 *
 * @param locks for short statements that need a strong lock on the source: replica identity, publication, a change in place
 * @param cutover for the swap
 * @param exactBudget an exact step that took no longer lets the cutover begin
 */
public record MigrationSettings(LockRetry locks, CutoverSettings cutover, Duration exactBudget) {
    /** Safe for a busy production primary. */
    public static final MigrationSettings DEFAULT = new MigrationSettings(
            new LockRetry(Duration.ofMillis(300), 50, Duration.ofMillis(200), MigrationSettings::random),
            new CutoverSettings(
                    new LockRetry(Duration.ofMillis(300), 100, Duration.ofMillis(200), MigrationSettings::random),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(1),
                    30),
            Duration.ofMillis(300));

    private static long random(long below) {
        return ThreadLocalRandom.current().nextLong(below);
    }
}
