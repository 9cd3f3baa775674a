package dev.walshift.testkit.workload;

import java.time.Instant;

/**
 * Something that the application should never have met.
 *
 * @param sqlState empty if the server reported no error
 */
public record WorkloadError(
        Instant at, int writer, Operation operation, String statement, String sqlState, String message) {}
