package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The views and routines that hang on a table, directly or by way of views, and what hangs on these views besides. */
final class QueryGraph {
    /** The relation that a rule, a trigger or a column belongs to. */
    private static final SqlTemplate HOLDER = SqlTemplate.of("""
        SELECT c.oid::bigint, n.nspname, c.relname, c.relkind = 'm' AS materialized,
               pg_describe_object('pg_class'::regclass, c.oid, 0) AS description
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('v', 'm')
           AND c.oid IN (SELECT ev_class FROM pg_rewrite WHERE ?::oid = 'pg_rewrite'::regclass AND oid = ?::oid
                         UNION ALL
                         SELECT tgrelid FROM pg_trigger WHERE ?::oid = 'pg_trigger'::regclass AND oid = ?::oid
                         UNION ALL
                         SELECT oid FROM pg_class WHERE ?::oid = 'pg_class'::regclass AND oid = ?::oid)
        """);

    private static final SqlTemplate ROUTINE = SqlTemplate.of("""
        SELECT p.oid::bigint, n.nspname, p.proname, pg_describe_object('pg_proc'::regclass, p.oid, 0) AS description
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE p.oid = ?::oid
        """);

    private final long table;
    private final Map<Long, Query> queries = new LinkedHashMap<>();
    private final Map<Long, Set<Long>> uses = new LinkedHashMap<>();
    private final Map<Long, List<Dependent>> others = new LinkedHashMap<>();
    private final Set<Dependent> answered = new HashSet<>();

    private QueryGraph(long table) {
        this.table = table;
    }

    /**
     * A view or a routine.
     *
     * @param description as the server has it, for people
     */
    record Query(Kind kind, long oid, QualifiedName name, String description) {
        enum Kind {
            VIEW,
            MATERIALIZED_VIEW,
            ROUTINE
        }

        boolean isRoutine() {
            return kind == Kind.ROUTINE;
        }

        boolean isMaterialized() {
            return kind == Kind.MATERIALIZED_VIEW;
        }
    }

    /** @param found what hangs directly on the table */
    static QueryGraph read(Session session, long table, List<Dependent> found) throws SQLException {
        QueryGraph graph = new QueryGraph(table);
        Deque<Long> relations = new ArrayDeque<>();
        graph.answered.addAll(graph.add(session, table, found, relations));
        while (!relations.isEmpty()) {
            long view = relations.remove();
            List<Dependent> onView = new ArrayList<>(DependencyWalk.of(session, view));
            // Those that name no table at all cover tables only.
            onView.removeIf(it -> it.kind() == Dependent.Kind.PUBLICATION || it.kind() == Dependent.Kind.SUBSCRIPTION);
            onView.removeAll(graph.add(session, view, onView, relations));
            graph.others.put(view, onView);
        }
        return graph;
    }

    /** Adds the views and routines among the dependents of a relation, and returns the dependents that they are, or that are its own. */
    private Set<Dependent> add(Session session, long relation, List<Dependent> dependents, Deque<Long> relations)
            throws SQLException {
        Set<Dependent> known = new HashSet<>();
        for (Dependent dependent : dependents) {
            Optional<Query> query = query(session, dependent);
            if (query.isEmpty()) {
                continue;
            }
            long oid = query.get().oid();
            if (oid == relation) {
                known.add(dependent);
            } else if (dependent.kind() != Dependent.Kind.TRIGGER) {
                known.add(dependent);
                uses.computeIfAbsent(oid, unused -> new LinkedHashSet<>()).add(relation);
                if (queries.put(oid, query.get()) == null && !query.get().isRoutine()) {
                    relations.add(oid);
                }
            }
        }
        return known;
    }

    private static Optional<Query> query(Session session, Dependent dependent) throws SQLException {
        if (dependent.kind() == Dependent.Kind.FUNCTION) {
            return session.queryFirst(ROUTINE, row -> query(row, Query.Kind.ROUTINE), dependent.oid());
        }
        long catalog = dependent.catalog();
        long oid = dependent.oid();
        return session.queryFirst(
                HOLDER,
                row -> query(row, row.getBoolean("materialized") ? Query.Kind.MATERIALIZED_VIEW : Query.Kind.VIEW),
                catalog,
                oid,
                catalog,
                oid,
                catalog,
                oid);
    }

    private static Query query(ResultSet row, Query.Kind kind) throws SQLException {
        return new Query(
                kind,
                row.getLong(1),
                new QualifiedName(new Identifier(row.getString(2)), new Identifier(row.getString(3))),
                row.getString("description"));
    }

    /** Those of the table's own dependents that are views and routines. */
    Set<Dependent> answered() {
        return answered;
    }

    Collection<Query> all() {
        return queries.values();
    }

    /** The table, and the views, that a view or routine is made of. */
    Set<Long> usedBy(Query query) {
        return uses.getOrDefault(query.oid(), Set.of());
    }

    /** What hangs on a view and is neither its own nor a view or routine. */
    List<Dependent> othersOn(Query view) {
        return others.getOrDefault(view.oid(), List.of());
    }

    /** Each after all that it is made of. What is made of itself comes last, in no order: the server can't run it either. */
    List<Query> inOrder() {
        List<Query> ordered = new ArrayList<>();
        List<Query> left = new ArrayList<>(queries.values());
        Set<Long> done = new HashSet<>(Set.of(table));
        boolean more = true;
        while (more) {
            List<Query> ready = left.stream()
                    .filter(query -> done.containsAll(usedBy(query)))
                    .toList();
            ready.forEach(query -> done.add(query.oid()));
            ordered.addAll(ready);
            left.removeAll(ready);
            more = !ready.isEmpty();
        }
        ordered.addAll(left);
        return ordered;
    }
}
