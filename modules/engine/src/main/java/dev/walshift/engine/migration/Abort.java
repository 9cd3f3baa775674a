package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.util.Optional;

/** Gives a migration up, also one whose process died: removes what it made and leaves the source as it is. */
public final class Abort {
    private final Database database;
    private final Journal journal = new Journal();

    public Abort(Database database) {
        this.database = database;
    }

    /**
     * Aborts one migration.
     *
     * @throws MigrationException if there is no such migration, it is over, its tables are swapped, or a process works on it
     */
    public void run(long id) throws SQLException {
        try (Session session = database.open("abort")) {
            MigrationState state = claim(session, journal, id).state();
            if (state instanceof MigrationState.Swapped) {
                throw refused(
                        "the tables of migration %d are swapped already".formatted(id),
                        "Run it again: only cleaning up is left to do.");
            }
            new Setup(journal, id, MigrationSettings.DEFAULT, new StopSignal())
                    .giveUp(
                            session,
                            Setup.slotName(session, id),
                            new MigrationState.Failed(
                                    ProblemCode.STOPPED, "aborted by the operator", "Run it again to begin anew."));
        }
    }

    /**
     * Takes the right to work on a migration that is not over, for as long as the session lives.
     *
     * @throws MigrationException BUSY if there is no such migration, it is over, or a process works on it
     */
    static Journal.Entry claim(Session session, Journal journal, long id) throws SQLException {
        Optional<Journal.Entry> entry = journal.exists(session) ? journal.find(session, id) : Optional.empty();
        if (entry.isEmpty()) {
            throw refused("there is no migration " + id, "List them with: walshift status");
        }
        if (!journal.tryLock(session, entry.get().relation())) {
            throw refused("a process works on migration " + id, "Stop it first: SIGTERM or Ctrl-C.");
        }
        Journal.Entry now = journal.load(session, id);
        if (now.state().isEnd()) {
            throw refused("migration %d is over already".formatted(id), "Nothing is left to do.");
        }
        return now;
    }

    static MigrationException refused(String what, String remedy) {
        return new MigrationException(ProblemCode.BUSY, what + "; nothing was touched", remedy);
    }
}
