package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.plan.dependents.QueryGraph.Query;
import dev.walshift.engine.table.Dependents;
import dev.walshift.engine.table.RelationLock;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Finds out for each view and routine how it gets from the source to the new table, by trying it on the probe. What keeps its columns, or
 * its signature, is replaced in place and stays itself. Everything else is made anew beside the new table, where it is bound to that by
 * OID, and exchanged for the old one by the swap. See docs/decisions/0014-views.md.
 */
final class QueryHandover {
    private static final SqlText SAVEPOINT = new SqlText("SAVEPOINT walshift_query");
    private static final SqlText ROLLBACK = new SqlText("ROLLBACK TO SAVEPOINT walshift_query");
    private static final SqlText RELEASE = new SqlText("RELEASE SAVEPOINT walshift_query");

    /** A REFRESH is the view's owner's, to whom policies of tables apply. */
    private static final SqlText AS_USUAL = new SqlText("SET LOCAL row_security = on");

    private static final SqlText HOME_TABLESPACE = new SqlText("SET LOCAL default_tablespace = ''");

    private static final SqlTemplate COLUMNS_DIFFER = SqlTemplate.of("""
        SELECT COALESCE(array_agg(ROW(a.attname, a.atttypid, a.atttypmod, a.attcollation)::text ORDER BY a.attnum)
                        FILTER (WHERE a.attrelid = ?::oid), '{}')
            <> COALESCE(array_agg(ROW(a.attname, a.atttypid, a.atttypmod, a.attcollation)::text ORDER BY a.attnum)
                        FILTER (WHERE a.attrelid = ?::regclass), '{}')
          FROM pg_attribute a WHERE a.attrelid IN (?::oid, ?::regclass) AND a.attnum > 0
        """);

    /** To which parts of relations that are left behind something is bound. The sequence of a serial goes with the new table. */
    private static final SqlTemplate BOUND = SqlTemplate.of("""
        WITH made(classid, objid) AS (
             SELECT 'pg_class'::regclass, oid FROM pg_class WHERE NOT ? AND oid = ?::oid
             UNION ALL SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite WHERE NOT ? AND ev_class = ?::oid
             UNION ALL SELECT 'pg_attrdef'::regclass, oid FROM pg_attrdef WHERE NOT ? AND adrelid = ?::oid
             UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE ? AND oid = ?::oid),
        relations AS (SELECT oid, reltype FROM pg_class WHERE oid = ANY (?::bigint[])),
        behind(classid, objid) AS (
             SELECT 'pg_class'::regclass, oid FROM relations
             UNION ALL SELECT 'pg_type'::regclass, reltype FROM relations
             UNION ALL SELECT 'pg_type'::regclass, t.typarray FROM pg_type t JOIN relations r ON t.oid = r.reltype
             UNION ALL SELECT 'pg_constraint'::regclass, c.oid FROM pg_constraint c JOIN relations r ON c.conrelid = r.oid
             UNION ALL SELECT 'pg_class'::regclass, d.objid
                         FROM pg_depend d JOIN relations r ON d.refobjid = r.oid
                        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i')
        SELECT DISTINCT pg_describe_object(b.classid, b.objid, 0) AS name
          FROM made m
          JOIN pg_depend d ON d.classid = m.classid AND d.objid = m.objid
          JOIN behind b ON b.classid = d.refclassid AND b.objid = d.refobjid
         ORDER BY name
        """);

    private static final SqlTemplate OID_OF_ROUTINE = SqlTemplate.of("SELECT ?::regprocedure::oid::bigint");
    private static final SqlTemplate OID_OF_VIEW = SqlTemplate.of("SELECT ?::regclass::oid::bigint");
    private static final SqlTemplate POPULATED =
            SqlTemplate.of("SELECT relispopulated FROM pg_class WHERE oid = ?::oid");
    private static final SqlTemplate OWNER =
            SqlTemplate.of("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = ?::oid");

    /** Takes ACCESS EXCLUSIVE, and changes nothing: LOCK TABLE would take the view's tables with it, and refuses materialized views. */
    private static final SqlTemplate LOCK = SqlTemplate.of("ALTER {kind} {name} OWNER TO {owner}");

    private static final SqlTemplate DROP = SqlTemplate.of("DROP {kind} {name}");
    private static final SqlTemplate DROP_IF_EXISTS = SqlTemplate.of("DROP {kind} IF EXISTS {name}");
    private static final SqlTemplate MOVE = SqlTemplate.of("ALTER {kind} {name} SET SCHEMA {schema}");
    private static final SqlTemplate FILL = SqlTemplate.of("REFRESH MATERIALIZED VIEW {name}; ANALYZE {name}");

    /**
     * A routine has no lock. A call that waits for the table while it is exchanged has read the old body, and would write into the retired
     * table; it meets this rule there, once it has the lock (init_sql_fcache in functions.c: locks, then rewrites), and fails.
     */
    private static final SqlTemplate REFUSE_WRITES =
            SqlTemplate.of("CREATE RULE {name} AS ON {event} TO {table} DO INSTEAD SELECT"
                    + " 'the table was exchanged for a new one while this call waited for it: call again'::text::int");

    private final Session session;
    private final Subject subject;
    private final QueryGraph graph;
    private final Identifier beside;
    private final QueryChecks checks;
    private final ViewWriter views;
    private final RoutineWriter routines;
    private final QueryTexts texts;

    private final Set<Long> seen = new HashSet<>();
    private final Set<Long> refused = new HashSet<>();
    /** The source, and the views that are made anew. */
    private final Set<Long> leftBehind = new LinkedHashSet<>();

    private final List<Problem> problems = new ArrayList<>();
    private final List<String> notices = new ArrayList<>();
    private final List<RelationLock> locks = new ArrayList<>();
    private final List<SqlText> replacements = new ArrayList<>();
    private final List<SqlText> leftovers = new ArrayList<>();
    private final List<SqlText> made = new ArrayList<>();
    private final List<SqlText> drops = new ArrayList<>();
    private final List<SqlText> moves = new ArrayList<>();

    /**
     * @param session in a savepoint that is taken back, with search_path pg_catalog
     * @param subject one with a probe
     */
    QueryHandover(Session session, Subject subject, QueryGraph graph) throws SQLException {
        this.session = session;
        this.subject = subject;
        this.graph = graph;
        this.beside = subject.probe().orElseThrow().schema();
        this.checks = new QueryChecks(session, subject, graph);
        this.views = new ViewWriter(session);
        this.routines = new RoutineWriter(session);
        this.texts = new QueryTexts(session, subject);
    }

    Carried make() throws SQLException {
        leftBehind.add(subject.oid());
        seen.add(subject.oid());
        for (Query query : graph.inOrder()) {
            if (!seen.containsAll(graph.usedBy(query))) {
                problems.add(QueryChecks.circular(query));
            } else if (isTouched(query)) {
                judge(query);
            }
            seen.add(query.oid());
        }
        Dependents dependents = problems.isEmpty()
                ? new Dependents(List.of(), locks, beside(), detach(), moves, List.of())
                : Dependents.NONE;
        return new Carried(graph.answered(), dependents, problems, notices);
    }

    /** Whether it is bound to something that is left behind. What uses a view that stays itself goes on using it. */
    private boolean isTouched(Query query) {
        return graph.usedBy(query).stream().anyMatch(leftBehind::contains)
                && graph.usedBy(query).stream().noneMatch(refused::contains);
    }

    private void judge(Query query) throws SQLException {
        List<Problem> found = new ArrayList<>(checks.any(query));
        if (query.isRoutine() && !routines.isPlain(query)) {
            found.add(QueryChecks.refused(
                    query, "it is an aggregate or a window function", Dependent.Kind.FUNCTION.remedy()));
        }
        if (found.isEmpty()) {
            try {
                found.addAll(query.isRoutine() ? judgeRoutine(query) : judgeView(query));
            } catch (UnwritableException e) {
                found.add(QueryChecks.refused(query, e.reason(), e.remedy()));
            }
        }
        if (!found.isEmpty()) {
            problems.addAll(found);
            refused.add(query.oid());
        }
    }

    private List<Problem> judgeView(Query view) throws SQLException, UnwritableException {
        locks.addFirst(RelationLock.ofView(view.name(), lock(view)));
        boolean remake = view.isMaterialized()
                || graph.usedBy(view).stream().anyMatch(used -> used != subject.oid() && leftBehind.contains(used));
        if (!remake) {
            boolean[] differs = new boolean[1];
            List<SqlText> definition = texts.of(view, madeName(view), it -> views.definition(it, madeName(view)));
            List<Problem> found = attempt(view, false, () -> {
                run(definition);
                String name = madeName(view).sql();
                differs[0] =
                        session.queryOne(COLUMNS_DIFFER, row -> row.getBoolean(1), view.oid(), name, view.oid(), name);
                return bound(view, OID_OF_VIEW, madeName(view).sql());
            });
            if (!found.isEmpty()) {
                return found;
            }
            remake = differs[0];
        }
        if (!remake) {
            replacements.addAll(texts.of(view, view.name(), views::replace));
            return checks.replaced(view);
        }
        List<Problem> found = new ArrayList<>(checks.remade(view, graph.othersOn(view)));
        if (view.isMaterialized()) {
            found.addAll(checks.unreadable(view));
        }
        return found.isEmpty() ? remakeView(view) : found;
    }

    private List<Problem> remakeView(Query view) throws SQLException, UnwritableException {
        leftBehind.add(view.oid());
        QualifiedName name = madeName(view);
        SqlText nameText = new SqlText(name.sql());
        List<SqlText> statements = new ArrayList<>(texts.of(view, name, it -> views.make(it, name)));
        texts.remade(view, name);
        List<Problem> found = attempt(view, true, () -> {
            statements.addAll(giveRights(view, nameText, statements, OID_OF_VIEW, name.sql()));
            return bound(view, OID_OF_VIEW, name.sql());
        });
        exchange(view, statements, nameText, nameText, new SqlText(view.name().sql()));
        if (view.isMaterialized() && session.queryOne(POPULATED, row -> row.getBoolean(1), view.oid())) {
            made.add(new SqlText(FILL.with("name", name).sql()));
            notices.add(
                    ("%s is made anew and filled before the swap, from the rows of that time and with TimeZone = UTC"
                                    + " and DateStyle = ISO")
                            .formatted(view.description()));
        }
        return found;
    }

    private List<Problem> judgeRoutine(Query routine) throws SQLException, UnwritableException {
        if (routines.hasRowsOf(routine, leftBehind.toArray(Long[]::new))) {
            List<Problem> found = checks.remade(routine, List.of());
            return found.isEmpty() ? remakeRoutine(routine) : found;
        }
        String signature = texts.moved(routines.signature(routine, beside)).sql();
        List<SqlText> replacement = texts.of(
                routine,
                routine.name(),
                it -> routines.definition(it, routine.name().schema()));
        List<SqlText> definition = texts.of(routine, routine.name().in(beside), it -> routines.definition(it, beside));
        List<Problem> found = new ArrayList<>(attempt(routine, false, () -> {
            run(definition);
            return bound(routine, OID_OF_ROUTINE, signature);
        }));
        replacements.addAll(replacement);
        found.addAll(checks.replaced(routine));
        return found;
    }

    private List<Problem> remakeRoutine(Query routine) throws SQLException, UnwritableException {
        String signature = texts.moved(routines.signature(routine, beside)).sql();
        SqlText movedName = routines.name(routine, beside);
        SqlText name = texts.moved(new ServerSql(movedName.sql())).text();
        List<SqlText> statements =
                new ArrayList<>(texts.of(routine, routine.name().in(beside), it -> routines.definition(it, beside)));
        List<Problem> found = attempt(routine, true, () -> {
            statements.addAll(routines.comment(routine, name));
            statements.addAll(giveRights(routine, name, statements, OID_OF_ROUTINE, signature));
            return bound(routine, OID_OF_ROUTINE, signature);
        });
        exchange(
                routine,
                statements,
                name,
                movedName,
                routines.name(routine, routine.name().schema()));
        return found;
    }

    /** Runs what is written so far, and what gives it owner and rights, which it returns. */
    private List<SqlText> giveRights(
            Query query, SqlText name, List<SqlText> statements, SqlTemplate oidOf, String reference)
            throws SQLException {
        RightsWriter rights = new RightsWriter(session, query, name);
        List<SqlText> more = new ArrayList<>(rights.owner(beside));
        run(statements);
        run(more);
        List<SqlText> granted = rights.rights(session.queryOne(oidOf, row -> row.getLong(1), reference));
        run(granted);
        more.addAll(granted);
        return more;
    }

    /**
     * Notes how the swap exchanges one for the other.
     *
     * @param besideName what it is made as
     * @param movedName the same in full, once the table has its final name
     * @param oldName what it replaces, in full
     */
    private void exchange(
            Query query, List<SqlText> statements, SqlText besideName, SqlText movedName, SqlText oldName) {
        SqlText kind = ViewWriter.kind(query);
        leftovers.addFirst(new SqlText(
                DROP_IF_EXISTS.with("kind", kind).with("name", besideName).sql()));
        made.addAll(statements);
        drops.addFirst(new SqlText(DROP.with("kind", kind).with("name", oldName).sql()));
        moves.add(new SqlText(MOVE.with("kind", kind)
                .with("name", movedName)
                .with("schema", query.name().schema())
                .sql()));
    }

    /** Something tried on the probe; returns what is wrong with it. */
    private interface Trial {
        List<Problem> run() throws SQLException;
    }

    /** @param keep whether what was made stays, for others to be tried over it */
    private List<Problem> attempt(Query query, boolean keep, Trial trial) throws SQLException {
        session.execute(SAVEPOINT);
        List<Problem> found;
        try {
            found = trial.run();
        } catch (SQLException e) {
            if (SqlStates.isPassing(e)) {
                throw e;
            }
            found = List.of(QueryChecks.rejected(query, e));
        }
        if (!keep || !found.isEmpty()) {
            session.execute(ROLLBACK);
        }
        session.execute(RELEASE);
        return found;
    }

    private void run(List<SqlText> statements) throws SQLException {
        for (SqlText statement : statements) {
            session.execute(statement);
        }
    }

    /** Whether it leads back to what is left behind, or is not made of the same operators as what it is made like. */
    private List<Problem> bound(Query query, SqlTemplate oidOf, String reference) throws SQLException {
        long oid = session.queryOne(oidOf, row -> row.getLong(1), reference);
        boolean routine = query.isRoutine();
        List<String> bound = session.query(
                BOUND,
                row -> row.getString("name"),
                routine,
                oid,
                routine,
                oid,
                routine,
                oid,
                routine,
                oid,
                leftBehind.toArray(Long[]::new));
        if (!bound.isEmpty()) {
            return List.of(QueryChecks.ambiguous(query, bound));
        }
        List<String> lost = LostOperators.of(session, query, oid);
        return lost.isEmpty() ? List.of() : List.of(QueryChecks.rebound(query, lost));
    }

    private QualifiedName madeName(Query view) {
        return view.name().in(beside);
    }

    private SqlText lock(Query view) throws SQLException {
        Identifier owner = session.queryOne(OWNER, row -> new Identifier(row.getString(1)), view.oid());
        return new SqlText(LOCK.with("kind", ViewWriter.kind(view))
                .with("name", view.name())
                .with("owner", owner)
                .sql());
    }

    private List<SqlText> beside() {
        List<SqlText> statements = new ArrayList<>();
        if (!made.isEmpty()) {
            Collections.addAll(statements, HOME_TABLESPACE, AS_USUAL);
            statements.addAll(leftovers);
            statements.addAll(made);
        }
        return statements;
    }

    private List<SqlText> detach() {
        List<SqlText> statements = new ArrayList<>();
        statements.addAll(replacements);
        statements.addAll(drops);
        if (graph.all().stream().anyMatch(Query::isRoutine)) {
            for (String event : List.of("INSERT", "UPDATE", "DELETE")) {
                statements.add(new SqlText(REFUSE_WRITES
                        .with("name", new Identifier("walshift_no_" + event.toLowerCase(Locale.ROOT)))
                        .with("event", new SqlText(event))
                        .with("table", subject.name())
                        .sql()));
            }
        }
        return statements;
    }
}
