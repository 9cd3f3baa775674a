package dev.walshift.engine.migration;

import dev.walshift.engine.plan.Strategy;
import dev.walshift.engine.verify.VerifyMode;
import dev.walshift.postgres.QualifiedName;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * How a migration ended well.
 *
 * @param id its number in the journal
 * @param table the table that was changed
 * @param strategy the way it was done
 * @param rowsCopied by the fenced copy, all runs together
 * @param keysApplied changed keys applied by sync steps and the cutover in this run
 * @param phases time spent in each phase by this run, in order
 * @param cutover the swap
 * @param maxSlotLagBytes the most WAL that the slot held back in this run, sampled
 * @param rested part of the time in which this run could have copied, caught up or compared that went by waiting, 0 to 1
 * @param verify what of source and shadow was compared and found equal, by this run or an earlier one
 * @param retired the old table, unless it was dropped
 */
public record MigrationReport(
        long id,
        QualifiedName table,
        Strategy strategy,
        long rowsCopied,
        long keysApplied,
        Map<Phase, Duration> phases,
        CutoverReport cutover,
        long maxSlotLagBytes,
        double rested,
        VerifyReport verify,
        Optional<QualifiedName> retired) {

    /** Whether every row was compared. */
    public boolean verified() {
        return verify.mode() == VerifyMode.FULL;
    }

    /**
     * The swap's figures.
     *
     * @param attempts transactions begun, the successful one included
     * @param lockWait time the application's statements could have queued behind our lock request, in the successful attempt
     * @param lockHeld from the grant of ACCESS EXCLUSIVE to the end of COMMIT
     */
    public record CutoverReport(int attempts, Duration lockWait, Duration lockHeld) {
        /** The swap was done by an earlier process, which was interrupted before it could clean up. */
        static final CutoverReport EARLIER = new CutoverReport(0, Duration.ZERO, Duration.ZERO);
    }
}
