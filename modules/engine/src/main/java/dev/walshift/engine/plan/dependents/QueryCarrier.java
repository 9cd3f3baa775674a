package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.table.Dependents;
import dev.walshift.postgres.Session;
import java.sql.SQLException;
import java.util.List;

/** Carries views, materialized views and routines that are bound to the table, and the views on these views. */
final class QueryCarrier implements Carrier {
    @Override
    public Carried carry(Session session, Subject subject, List<Dependent> found) throws SQLException {
        QueryGraph graph = QueryGraph.read(session, subject.oid(), found);
        if (graph.all().isEmpty()) {
            return Carried.NOTHING;
        }
        if (subject.probe().isEmpty()) {
            // Something else stands in the way; these are tried once it does not.
            return new Carried(graph.answered(), Dependents.NONE, List.of(), List.of());
        }
        return new QueryHandover(session, subject, graph).make();
    }
}
