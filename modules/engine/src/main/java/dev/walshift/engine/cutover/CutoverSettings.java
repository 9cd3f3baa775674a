package dev.walshift.engine.cutover;

import dev.walshift.engine.LockRetry;
import java.time.Duration;

/**
 * How hard the cutover tries.
 *
 * @param lock attempts, their lock_timeout (cut to below the server's deadlock_timeout) and the pause between them
 * @param vacuumPatience how long to queue, without blocking anybody's DML, for a lock that makes a plain autovacuum give way; more
 *     than deadlock_timeout
 * @param drain how long the last keys may take under the lock before it is given back
 * @param oldSnapshotAttempts how often to give way to transactions whose snapshot is older than the shadow's last rows, before
 *     going on regardless
 */
public record CutoverSettings(LockRetry lock, Duration vacuumPatience, Duration drain, int oldSnapshotAttempts) {}
