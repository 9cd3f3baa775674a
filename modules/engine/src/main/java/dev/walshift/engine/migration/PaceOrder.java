package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.PaceOrders;
import dev.walshift.engine.pace.PaceMode;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Session;
import java.sql.SQLException;

/** Tells a migration, by way of the journal, to take another pace: the process that runs it looks there about twice a second. */
public final class PaceOrder {
    private final Database database;
    private final Journal journal = new Journal();

    public PaceOrder(Database database) {
        this.database = database;
    }

    /**
     * Tells a migration that is not over to take a pace, from now on and whoever goes on with it.
     *
     * @return whether a process works on it now
     * @throws MigrationException BUSY if there is no such migration, or it is over
     */
    public boolean give(long id, PaceMode mode) throws SQLException {
        try (Session session = database.open("order")) {
            if (!journal.exists(session) || !new PaceOrders(id).give(session, mode.name())) {
                throw Abort.refused("no migration %d is under way".formatted(id), "List them with: walshift status");
            }
            return journal.allUnfinished(session).stream()
                    .anyMatch(migration -> migration.id() == id && migration.running());
        }
    }
}
