package dev.walshift.engine.pace;

import dev.walshift.engine.StopSignal;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All that a pace is set by: what the operator asks for, always, and what the server tells by itself. One thread. */
final class Signals {
    private static final Logger log = LoggerFactory.getLogger(Signals.class);
    private static final String GRANT = "GRANT pg_read_all_stats to the role";

    private static final SqlTemplate SEES_STATISTICS =
            SqlTemplate.of("SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')");

    /** Whoever asks seldom, such as a monitor, is hardly ever met. */
    private static final SqlTemplate OTHERS = SqlTemplate.of("""
        SELECT EXISTS (SELECT FROM pg_stat_activity
                        WHERE backend_type = 'client backend' AND application_name NOT LIKE 'walshift %'
                          AND (state = 'active' OR state_change > clock_timestamp() - interval '2 s'))
        """);

    private final PaceSettings settings;
    private final CanaryCommit canary = new CanaryCommit();
    private final List<Signal> wanted = new ArrayList<>();
    private final List<Signal> limits = new ArrayList<>();
    private final List<Signal> compared = new ArrayList<>();
    private boolean rightsKnown;
    private boolean seesStatistics;

    /** @param slot the name of the migration's own slot */
    Signals(PaceSettings settings, String slot) {
        this.settings = settings;
        settings.file().ifPresent(file -> wanted.add(new FileSignal(file)));
        settings.query().ifPresent(query -> wanted.add(new QuerySignal(query)));
        limits.add(new OtherSlots(slot));
        limits.add(new EarlyCheckpoints(System::nanoTime));
        compared.add(canary);
        compared.add(new WriteRate());
    }

    /** Finds out what the role may see; what it may not is left out, unless the operator asked for it. */
    void lookAtRights(Session session) throws SQLException {
        if (!rightsKnown) {
            seesStatistics = session.queryOne(SEES_STATISTICS, row -> row.getBoolean(1));
            addWhatIsSeen();
            rightsKnown = true;
        }
    }

    private void addWhatIsSeen() {
        boolean asked = settings.replicas().isPresent() || settings.replicaLag().isPresent();
        List<Signal> target = asked ? wanted : limits;
        if (seesStatistics) {
            settings.replicaLagInEffect()
                    .most()
                    .ifPresent(most -> target.add(new ReplicaLag(most, settings.replicas())));
            compared.add(new WaitingBackends());
        } else if (asked) {
            wanted.add((session, tolerance) -> Reading.unknown("the role may not see how far replicas are: " + GRANT));
        } else {
            log.info("the pace is set without the lag of replicas and without what backends wait for: {}", GRANT);
        }
    }

    /** What the operator asks for: a file, a query, the lag of replicas if it was given. */
    Reading wanted(Session session, Tolerance tolerance) throws SQLException {
        return worst(wanted, session, tolerance);
    }

    /** What has limits of its own, whoever passes them. */
    Reading limits(Session session, Tolerance tolerance) throws SQLException {
        return worst(limits, session, tolerance);
    }

    /** What is compared with the server without us. */
    Reading compared(Session session, Tolerance tolerance) throws SQLException {
        return worst(compared, session, tolerance);
    }

    /** Whether nobody is there whom it could disturb; false if that can't be seen. */
    boolean isAlone(Session session) throws SQLException {
        return seesStatistics && !session.queryOne(OTHERS, row -> row.getBoolean(1));
    }

    /** Takes notice of how the server is while no worker of ours works. */
    void calibrate(Session session, StopSignal stop) throws SQLException {
        for (Signal signal : compared) {
            signal.calibrate(session, stop);
        }
    }

    /** What a commit takes without us, as far as is known. */
    Duration commitWithout() {
        return canary.without();
    }

    private static Reading worst(List<Signal> signals, Session session, Tolerance tolerance) throws SQLException {
        List<Reading> readings = new ArrayList<>();
        for (Signal signal : signals) {
            readings.add(measure(signal, session, tolerance));
        }
        return Reading.worst(readings);
    }

    private static Reading measure(Signal signal, Session session, Tolerance tolerance) throws SQLException {
        try {
            return signal.measure(session, tolerance);
        } catch (SQLException e) {
            if (SqlStates.isConnectionLost(e)) {
                throw e;
            }
            return Reading.unknown("can't be measured: " + e.getMessage());
        }
    }
}
