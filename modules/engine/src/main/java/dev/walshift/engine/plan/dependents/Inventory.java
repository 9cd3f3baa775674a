package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.table.Dependents;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;

/** All that hangs on a table: each thing is carried by the carrier of its kind, and what nobody answers for is refused by name. */
public final class Inventory {
    private static final List<Carrier> CARRIERS = List.of(new QueryCarrier());

    private static final SqlText SAVEPOINT = new SqlText("SAVEPOINT walshift_carrier");
    private static final SqlText ROLLBACK = new SqlText("ROLLBACK TO SAVEPOINT walshift_carrier");
    private static final SqlText RELEASE = new SqlText("RELEASE SAVEPOINT walshift_carrier");

    private Inventory() {}

    /**
     * Looks, and leaves nothing behind.
     *
     * @param session in a transaction, with search_path pg_catalog
     */
    public static Carried of(Session session, Subject subject) throws SQLException {
        List<Dependent> found = DependencyWalk.of(session, subject.oid());
        Carried carried = Carried.NOTHING;
        for (Carrier carrier : CARRIERS) {
            session.execute(SAVEPOINT);
            carried = carried.and(carrier.carry(session, subject, found));
            session.execute(ROLLBACK);
            session.execute(RELEASE);
        }
        Set<Dependent> answeredFor = carried.answeredFor();
        List<Problem> refused = found.stream()
                .filter(dependent -> !answeredFor.contains(dependent))
                .map(dependent -> refused(subject, dependent))
                .toList();
        return carried.and(new Carried(Set.of(), Dependents.NONE, refused, List.of()));
    }

    private static Problem refused(Subject subject, Dependent dependent) {
        return new Problem(
                ProblemCode.UNSUPPORTED_DEPENDENT,
                "%s hangs on table %s, and this release does not carry it over the swap"
                        .formatted(dependent.name(), subject.name()),
                dependent.kind().remedy());
    }
}
