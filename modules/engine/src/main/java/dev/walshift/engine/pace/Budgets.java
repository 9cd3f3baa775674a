package dev.walshift.engine.pace;

import java.time.Duration;
import java.util.Optional;

/**
 * The limits that the operator chose; an empty one is left to {@link Limits#inEffect}.
 *
 * @param slotWalBytes WAL that the server keeps for the replication slot
 * @param keyLogBytes size of the key log on disk, indexes included
 * @param snapshotAge how long one transaction of ours may hold back the server's xmin horizon
 * @param time of one run; what an interrupted run took does not count for the next one
 */
public record Budgets(
        Optional<Limit<Long>> slotWalBytes,
        Optional<Limit<Long>> keyLogBytes,
        Optional<Limit<Duration>> snapshotAge,
        Optional<Limit<Duration>> time) {
    /** Every limit as it is unless told otherwise. */
    public static final Budgets DEFAULT =
            new Budgets(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    /** A run goes on as long as it takes unless told otherwise: a slot that nobody reads is worse than a long run. */
    public Limit<Duration> timeInEffect() {
        return time.orElse(Limit.off());
    }

    /** These limits, and those of {@code others} where these are empty. */
    public Budgets over(Budgets others) {
        return new Budgets(
                slotWalBytes.or(others::slotWalBytes),
                keyLogBytes.or(others::keyLogBytes),
                snapshotAge.or(others::snapshotAge),
                time.or(others::time));
    }
}
