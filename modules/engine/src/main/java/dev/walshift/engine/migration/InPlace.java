package dev.walshift.engine.migration;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.plan.MigrationPlan;
import dev.walshift.engine.plan.Strategy;
import dev.walshift.postgres.CommitUnknownException;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.SearchPath;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import dev.walshift.postgres.Xid;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;

/** A change of the catalog only: the operator's own statement, under a short lock_timeout, as often as it takes. */
final class InPlace {
    private static final SqlTemplate OWN_XID = SqlTemplate.of("SELECT pg_current_xact_id()");
    private static final SqlTemplate IS_OVER = SqlTemplate.of("SELECT pg_xact_status(?::xid8) <> 'in progress'");

    private final Database database;
    private final Journal journal;
    private final MigrationSettings settings;
    private final StopSignal stop;
    private final Meter meter;

    InPlace(Database database, Journal journal, MigrationSettings settings, StopSignal stop, Meter meter) {
        this.database = database;
        this.journal = journal;
        this.settings = settings;
        this.stop = stop;
        this.meter = meter;
    }

    /** The change and its entry in the journal commit together. */
    MigrationReport run(Session session, MigrationPlan plan, String request) throws SQLException {
        meter.enter(Phase.CUT_OVER, Optional::empty);
        journal.create(session);
        int[] attempts = new int[1];
        long[] locked = new long[2];
        long[] id = new long[1];
        Xid[] transaction = new Xid[1];
        try {
            id[0] = settings.locks()
                    .runOn(plan.table().name(), session, "alter " + plan.table().name(), stop, tx -> {
                        attempts[0]++;
                        transaction[0] = Xid.parse(tx.queryOne(OWN_XID, row -> row.getString(1)));
                        id[0] = journal.begin(tx, plan.table().name().sql(), plan.statement(), request);
                        locked[0] = System.nanoTime();
                        SearchPath.ofRole(tx).setLocally(tx);
                        tx.execute(new SqlText(plan.statement()));
                        SearchPath.SYSTEM.setLocally(tx);
                        locked[1] = System.nanoTime();
                        journal.save(tx, id[0], new MigrationState.Finished());
                        return id[0];
                    });
        } catch (CommitUnknownException e) {
            requireCommitted(id[0], transaction[0], e);
        }
        long done = System.nanoTime();
        Setup.awaitStandbys(journal, session, id[0], stop);
        meter.leave();
        return new MigrationReport(
                id[0],
                plan.table().name(),
                Strategy.IN_PLACE,
                0,
                0,
                meter.phases(),
                new MigrationReport.CutoverReport(
                        attempts[0], Duration.ofNanos(locked[1] - locked[0]), Duration.ofNanos(done - locked[1])),
                0,
                0,
                VerifyReport.NONE,
                Optional.empty());
    }

    /** The outcome of a COMMIT that nobody saw end stands in the journal; once the transaction is over. */
    private void requireCommitted(long id, Xid transaction, CommitUnknownException lost) throws SQLException {
        long deadline = System.nanoTime() + settings.reconnect().patience().toNanos();
        while (!isOver(transaction)) {
            if (System.nanoTime() > deadline || stop.await(settings.reconnect().pause())) {
                throw new InterruptedMigrationException(
                        id,
                        ProblemCode.SERVER_ERROR,
                        "the connection was lost during COMMIT, and the server can't be asked whether it happened",
                        "Look at the table: the change is there as a whole, or not at all.",
                        lost);
            }
        }
        try (Session session = database.open("journal")) {
            if (journal.find(session, id).isEmpty()) {
                throw new SQLException(
                        "the connection was lost during COMMIT, which did not happen", lost.getSQLState(), lost);
            }
        }
    }

    private boolean isOver(Xid transaction) {
        try (Session session = database.open("journal")) {
            return session.queryOne(IS_OVER, row -> row.getBoolean(1), transaction);
        } catch (SQLException e) {
            // After a crash the server may not have heard of the transaction any more.
            return SqlStates.is(e, SqlStates.INVALID_PARAMETER_VALUE);
        }
    }
}
