package dev.walshift.engine.journal;

import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.Optional;

/**
 * The pace that a migration was told to take while it runs; it holds until another one is told, for later processes too.
 *
 * <p>A row of its own: a swap that is under way, in a snapshot, must not fail because of it. Any thread; each call brings its session.
 */
public final class PaceOrders {
    private static final SqlTemplate GIVE = SqlTemplate.of("""
        INSERT INTO walshift.pace (migration_id, mode)
        SELECT id, ? FROM walshift.migration WHERE id = ? AND state NOT IN ('FINISHED', 'FAILED')
        ON CONFLICT (migration_id) DO UPDATE SET mode = excluded.mode
        """);
    private static final SqlTemplate LATEST = SqlTemplate.of("SELECT mode FROM walshift.pace WHERE migration_id = ?");

    private final long migration;

    public PaceOrders(long migration) {
        this.migration = migration;
    }

    /**
     * Tells the migration to take a pace.
     *
     * @return false if there is no such migration, or it is over
     */
    public boolean give(Session session, String mode) throws SQLException {
        return session.update(GIVE, mode, migration) == 1;
    }

    /** What it was told last, if anything. */
    public Optional<String> latest(Session session) throws SQLException {
        return session.queryFirst(LATEST, row -> row.getString(1), migration);
    }
}
