package dev.walshift.engine.migration;

import java.time.Duration;
import java.util.Optional;

/**
 * Where a running migration is; a snapshot.
 *
 * @param phase the station
 * @param elapsed since the phase began
 * @param done part of the phase that is done, 0 to 1, where that can be told
 * @param eta expected time to the end of the phase, where that can be told
 * @param rowsCopied rows in the shadow by the copy
 * @param rowsPerSecond in the copy, over the last seconds
 * @param keysWaiting changed keys logged and not yet applied
 * @param keysApplied changed keys applied
 * @param slotLagBytes WAL that the slot holds back now
 * @param detail what is being done or waited for, for people; may be empty
 */
public record MigrationProgress(
        Phase phase,
        Duration elapsed,
        Optional<Double> done,
        Optional<Duration> eta,
        long rowsCopied,
        long rowsPerSecond,
        long keysWaiting,
        long keysApplied,
        long slotLagBytes,
        String detail) {}
