package dev.walshift.cli.demo;

import dev.walshift.cli.terminal.Amounts;
import dev.walshift.engine.migration.Phase;
import dev.walshift.testkit.workload.Mix;
import dev.walshift.testkit.workload.Truth;
import dev.walshift.testkit.workload.Workload;
import dev.walshift.testkit.workload.WorkloadError;
import dev.walshift.testkit.workload.WorkloadOptions;
import dev.walshift.testkit.workload.WorkloadStats;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/**
 * The writers, and what they met before, during and after the migration.
 *
 * <p>{@link #look} belongs to the thread that watches the progress, the rest to the one that runs the demonstration.
 */
final class Traffic implements AutoCloseable {
    private static final long SEED = 1;
    private static final Duration RECENTLY = Duration.ofSeconds(1);

    private final Workload workload;
    private final WorkloadStats begin;
    private WorkloadStats migrationBegin;
    private WorkloadStats swapBegin;
    private WorkloadStats migrationEnd;
    private WorkloadStats end;
    private WorkloadStats lookedAt;
    private WorkloadStats recent;

    private Traffic(Workload workload) {
        this.workload = workload;
        this.begin = workload.stats();
        this.migrationBegin = begin;
        this.swapBegin = begin;
        this.migrationEnd = begin;
        this.end = begin;
        this.lookedAt = begin;
        this.recent = begin;
    }

    static Traffic start(DemoServer server, Truth loaded, int writers) throws SQLException {
        return new Traffic(Workload.start(
                server::connect, loaded, WorkloadOptions.of(SEED, writers).with(Mix.shop())));
    }

    synchronized void migrationBegins() {
        migrationBegin = workload.stats();
        swapBegin = migrationBegin;
        recent = migrationBegin.since(begin);
        lookedAt = migrationBegin;
    }

    /** Called several times a second: the swap's window begins with the last look before it. */
    synchronized void look(Phase phase) {
        WorkloadStats now = workload.stats();
        if (phase.compareTo(Phase.CUT_OVER) < 0) {
            swapBegin = now;
        }
        WorkloadStats window = now.since(lookedAt);
        if (window.elapsed().compareTo(RECENTLY) >= 0) {
            recent = window;
            lookedAt = now;
        }
    }

    synchronized void migrationEnded() {
        migrationEnd = workload.stats();
    }

    /** What the writers met in the last second or so. */
    synchronized String recently() {
        return "writers: %s transactions/s, median latency %s, worst %s"
                .formatted(
                        Amounts.count(Math.round(recent.transactionsPerSecond())),
                        Amounts.duration(recent.latency().p50()),
                        Amounts.duration(recent.latency().worst()));
    }

    /** Stops the writers; returns what the table must hold. */
    synchronized Truth stop() {
        end = workload.stats();
        return workload.stop();
    }

    List<WorkloadError> errors() {
        return workload.errors();
    }

    synchronized WorkloadStats before() {
        return migrationBegin.since(begin);
    }

    synchronized WorkloadStats whileMigrating() {
        return swapBegin.since(migrationBegin);
    }

    synchronized WorkloadStats atTheSwap() {
        return migrationEnd.since(swapBegin);
    }

    synchronized WorkloadStats after() {
        return end.since(migrationEnd);
    }

    @Override
    public void close() {
        workload.close();
    }
}
