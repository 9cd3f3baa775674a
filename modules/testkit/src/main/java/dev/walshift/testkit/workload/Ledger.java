package dev.walshift.testkit.workload;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What all writers report while they run. Any thread. */
final class Ledger {
    private static final int MAX_ERRORS = 100;

    private final Instant started = Instant.now();
    private final Map<Operation, Latency.Recorder> latencies = new EnumMap<>(Operation.class);
    private final LongAdder lostConnections = new LongAdder();
    private final LongAdder errorCount = new LongAdder();
    private final List<WorkloadError> errors = new ArrayList<>();

    Ledger() {
        for (Operation operation : Operation.values()) {
            latencies.put(operation, new Latency.Recorder());
        }
    }

    void finished(Operation operation, long nanos) {
        Latency.Recorder recorder = latencies.get(operation);
        if (recorder != null) {
            recorder.record(nanos);
        }
    }

    void lostConnection() {
        lostConnections.increment();
    }

    /** Keeps the first hundred: the later ones are mostly what follows from them. */
    void failed(WorkloadError error) {
        errorCount.increment();
        synchronized (errors) {
            if (errors.size() < MAX_ERRORS) {
                errors.add(error);
            }
        }
    }

    List<WorkloadError> errors() {
        synchronized (errors) {
            return List.copyOf(errors);
        }
    }

    WorkloadStats stats() {
        Map<Operation, Latency> snapshots = new EnumMap<>(Operation.class);
        latencies.forEach((operation, recorder) -> snapshots.put(operation, recorder.snapshot()));
        Instant now = Instant.now();
        return new WorkloadStats(
                now, Duration.between(started, now), snapshots, lostConnections.sum(), errorCount.sum());
    }
}
