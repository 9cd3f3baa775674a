package dev.walshift.engine.migration;

import dev.walshift.engine.journal.Journal;
import dev.walshift.postgres.Session;
import java.sql.SQLException;

/**
 * The right to work on a migration lives in one session, and dies with it although the others live on: then another process may begin to.
 *
 * @param pid the server process behind that session
 * @param relation the migrated table, as the journal has it
 */
record Ownership(Journal journal, int pid, String relation) {
    private static final String CONNECTION_DOES_NOT_EXIST = "08003";

    static Ownership of(Session owner, Journal journal, long migration) throws SQLException {
        return new Ownership(
                journal, owner.backendPid(), journal.load(owner, migration).relation());
    }

    /** Throws, as for any other lost session, if it is lost. Any session. */
    void require(Session session) throws SQLException {
        if (!journal.hasLock(session, pid, relation)) {
            throw new SQLException(
                    "the session that has the migration's lock is gone from the server", CONNECTION_DOES_NOT_EXIST);
        }
    }
}
