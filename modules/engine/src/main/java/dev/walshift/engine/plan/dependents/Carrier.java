package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.util.List;

/** Knows one kind of dependents, and how the swap carries them over. */
interface Carrier {
    /**
     * Looks at those of its kind.
     *
     * @param session in a transaction, with search_path pg_catalog; may try things out, which are taken back afterwards
     * @param found what hangs directly on the table and no carrier before this one answers for
     * @return what it answers for, carried or refused; nobody else looks at that
     */
    Carried carry(Session session, Subject subject, List<Dependent> found) throws SQLException;
}
