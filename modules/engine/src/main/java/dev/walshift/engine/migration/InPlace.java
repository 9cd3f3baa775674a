package dev.walshift.engine.migration;

import dev.walshift.engine.StopSignal;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.plan.MigrationPlan;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;

/** A change of the catalog only: the operator's own statement, under a short lock_timeout, as often as it takes. */
final class InPlace {
    private final Journal journal;
    private final MigrationSettings settings;
    private final StopSignal stop;
    private final Meter meter;

    InPlace(Journal journal, MigrationSettings settings, StopSignal stop, Meter meter) {
        this.journal = journal;
        this.settings = settings;
        this.stop = stop;
        this.meter = meter;
    }

    /** The change and its entry in the journal commit together. */
    MigrationReport run(Session session, MigrationPlan plan) throws SQLException {
        meter.enter(Phase.CUT_OVER, Optional::empty);
        journal.create(session);
        int[] attempts = new int[1];
        long[] locked = new long[2];
        long id = settings.locks().run(session, "alter " + plan.table().name(), stop, tx -> {
            attempts[0]++;
            long migration = journal.begin(tx, plan.table().name().sql(), plan.statement());
            settings.locks().evictVacuum(tx, plan.table().name());
            locked[0] = System.nanoTime();
            tx.execute(new SqlText(plan.statement()));
            locked[1] = System.nanoTime();
            journal.save(tx, migration, new MigrationState.Finished());
            return migration;
        });
        meter.leave();
        return new MigrationReport(
                id,
                plan.table().name(),
                Strategy.IN_PLACE,
                0,
                0,
                meter.phases(),
                new MigrationReport.CutoverReport(
                        attempts[0],
                        Duration.ofNanos(locked[1] - locked[0]),
                        Duration.ofNanos(System.nanoTime() - locked[1])),
                0,
                false,
                Optional.empty());
    }
}
