package dev.walshift.testkit.workload;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a workload has done up to an instant, or between two.
 *
 * @param elapsed since its start, or between the two instants
 * @param latencies from BEGIN to the answer of COMMIT or ROLLBACK, for transactions that ended as they should
 * @param lostConnections sessions that ended without our doing
 * @param errors as many as {@link Workload#errors()} would hold were it not bounded
 */
public record WorkloadStats(
        Instant at, Duration elapsed, Map<Operation, Latency> latencies, long lostConnections, long errors) {
    public WorkloadStats {
        latencies = Collections.unmodifiableMap(new EnumMap<>(latencies));
    }

    /** The window between {@code earlier}, of the same workload, and now. */
    public WorkloadStats since(WorkloadStats earlier) {
        Map<Operation, Latency> window = new EnumMap<>(Operation.class);
        latencies.forEach((operation, latency) -> window.put(operation, latency.since(earlier.latency(operation))));
        return new WorkloadStats(
                at,
                Duration.between(earlier.at, at),
                window,
                lostConnections - earlier.lostConnections,
                errors - earlier.errors);
    }

    public Latency latency(Operation operation) {
        return latencies.getOrDefault(operation, Latency.none());
    }

    /** Of all operations. */
    public Latency latency() {
        return latencies.values().stream().reduce(Latency.none(), Latency::plus);
    }

    public long transactions() {
        return latencies.values().stream().collect(Collectors.summingLong(Latency::count));
    }

    public double transactionsPerSecond() {
        return elapsed.isZero() ? 0 : transactions() / (elapsed.toNanos() / 1e9);
    }
}
