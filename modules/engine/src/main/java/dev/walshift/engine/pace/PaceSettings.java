package dev.walshift.engine.pace;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What sets a migration's pace, as the operator chose; what is empty is as it is unless told otherwise.
 *
 * @param mode how careful to be
 * @param query SQL that is asked about every half second, and says whether to slow down
 * @param file while it exists the migration stands still
 * @param replicaLag how far behind in time a replica may replay
 * @param replicas by their application_name; empty for all that are connected
 */
public record PaceSettings(
        Optional<PaceMode> mode,
        Optional<String> query,
        Optional<Path> file,
        Optional<Limit<Duration>> replicaLag,
        Optional<List<String>> replicas) {
    /** Polite, and whatever the server tells by itself. */
    public static final PaceSettings DEFAULT =
            new PaceSettings(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    private static final Duration DEFAULT_REPLICA_LAG = Duration.ofSeconds(10);

    public PaceMode modeInEffect() {
        return mode.orElse(PaceMode.POLITE);
    }

    Limit<Duration> replicaLagInEffect() {
        return replicaLag.orElse(Limit.at(DEFAULT_REPLICA_LAG));
    }

    /** These settings, and those of {@code others} where these are empty. */
    public PaceSettings over(PaceSettings others) {
        return new PaceSettings(
                mode.or(others::mode),
                query.or(others::query),
                file.or(others::file),
                replicaLag.or(others::replicaLag),
                replicas.or(others::replicas));
    }
}
