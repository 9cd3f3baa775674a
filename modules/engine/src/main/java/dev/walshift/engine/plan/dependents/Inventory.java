package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.table.Dependents;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;

/** All that hangs on a table: each thing is carried by the carrier of its kind, and what nobody answers for is refused by name. */
public final class Inventory {
    /** In the order in which the swap attaches; it detaches in the opposite one. */
    private static final List<Carrier> CARRIERS = List.of(
            // Views are locked before all tables, as their readers do.
            new QueryCarrier(),
            new PartitionCarrier(),
            new TriggerCarrier(),
            new RowSecurityCarrier(),
            new RuleCarrier(),
            new ForeignKeyCarrier(),
            new PublicationCarrier());

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
            List<Dependent> left = unanswered(found, carried);
            carried = carried.and(session.tryOut(transaction -> carrier.carry(transaction, subject, left)));
        }
        List<Problem> refused = unanswered(found, carried).stream()
                .map(dependent -> refused(subject, dependent))
                .toList();
        List<Problem> ofPartitions = DependencyWalk.ofPartitions(session, subject.oid()).stream()
                .map(dependent -> new Problem(
                        ProblemCode.UNSUPPORTED_DEPENDENT,
                        "%s hangs on a partition of table %s, and this release does not carry it over the swap"
                                .formatted(dependent.name(), subject.name()),
                        dependent.kind().remedy()))
                .toList();
        return carried.and(new Carried(Set.of(), Dependents.NONE, refused, List.of()))
                .and(new Carried(Set.of(), Dependents.NONE, ofPartitions, List.of()));
    }

    private static List<Dependent> unanswered(List<Dependent> found, Carried carried) {
        return found.stream()
                .filter(dependent -> !carried.answeredFor().contains(dependent))
                .toList();
    }

    private static Problem refused(Subject subject, Dependent dependent) {
        return new Problem(
                ProblemCode.UNSUPPORTED_DEPENDENT,
                dependent.kind().refusal(dependent.name(), subject.name()),
                dependent.kind().remedy());
    }
}
