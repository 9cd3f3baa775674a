package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.plan.dependents.QueryGraph.Query;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes down views and routines by the names that columns have after the change, and over the new table and what is made beside it. All
 * names have their schema, and nothing but these relations is put in the place of others: whatever anybody makes meanwhile, each means
 * the object that it meant to the server when it was read.
 */
final class QueryTexts {
    private static final SqlTemplate OID_OF_VIEW = SqlTemplate.of("SELECT {name}::regclass::oid::bigint");
    private static final SqlTemplate OID_OF_ROUTINE =
            SqlTemplate.of("SELECT oid::bigint FROM pg_proc WHERE pronamespace = {schema}::regnamespace");

    private static final SqlTemplate CATALOG = SqlTemplate.of("SELECT ?::regclass::oid::bigint");

    private final Session session;
    private final Subject subject;
    private final RenamedTwin twin;
    private final Map<QualifiedName, QualifiedName> places = new HashMap<>();
    private final ViewWriter views;
    private final RoutineWriter routines;

    /**
     * @param session in a savepoint that is taken back, with search_path pg_catalog
     * @param subject one with a probe
     */
    QueryTexts(Session session, Subject subject) throws SQLException {
        this.session = session;
        this.subject = subject;
        this.twin = RenamedTwin.make(session, subject);
        this.places.put(subject.name(), subject.probe().orElseThrow());
        this.views = new ViewWriter(session);
        this.routines = new RoutineWriter(session);
    }

    /** Has the server write down one, over the relations that it is bound to. */
    interface Writing {
        List<SqlText> write(Query query) throws SQLException;
    }

    /** From here on what is made of the view is written down over {@code made}. */
    void remade(Query view, QualifiedName made) {
        places.put(view.name(), made);
    }

    /**
     * Writes down one.
     *
     * @param own what the statements call it, if it is a view
     * @throws UnwritableException if that is not to be had
     */
    List<SqlText> of(Query query, QualifiedName own, Writing writing) throws SQLException, UnwritableException {
        List<SqlText> written =
                twin.isNeeded() ? renamed(query, own, writing) : moved(writing.write(query), query, own);
        long catalog = session.queryOne(
                CATALOG, row -> row.getLong(1), query.isRoutine() ? "pg_catalog.pg_proc" : "pg_catalog.pg_class");
        ColumnPlaces.check(session, subject, catalog, query.oid(), written);
        return written;
    }

    /** Over the new table, and over the views that are made anew: what the server wrote about a routine's arguments, say. */
    ServerSql moved(ServerSql written) {
        return written.moved(places);
    }

    private List<SqlText> moved(List<SqlText> written, Query query, QualifiedName own) {
        return moved(written, with(places, query, own));
    }

    private static List<SqlText> moved(List<SqlText> written, Map<QualifiedName, QualifiedName> places) {
        return written.stream()
                .map(statement -> new ServerSql(statement.sql()).withAll(places))
                .toList();
    }

    /** A routine may have the name of a table. */
    private static Map<QualifiedName, QualifiedName> with(
            Map<QualifiedName, QualifiedName> places, Query query, QualifiedName own) {
        Map<QualifiedName, QualifiedName> all = new HashMap<>(places);
        if (!query.isRoutine()) {
            all.put(query.name(), own);
        }
        return all;
    }

    private List<SqlText> renamed(Query query, QualifiedName own, Writing writing)
            throws SQLException, UnwritableException {
        QualifiedName copy = query.name().in(twin.schema());
        Map<QualifiedName, QualifiedName> there = with(Map.of(subject.name(), twin.table()), query, copy);
        Map<QualifiedName, QualifiedName> back = with(places, query, own);
        back.put(twin.table(), subject.probe().orElseThrow());
        if (!query.isRoutine()) {
            back.put(copy, own);
        }
        List<SqlText> written = twin.renamed(
                () -> moved(copy(query), there),
                () -> writing.write(new Query(query.kind(), copied(query), query.name(), query.description())));
        List<SqlText> moved = new ArrayList<>();
        for (SqlText statement : written) {
            moved.add(twin.withoutIt(new ServerSql(statement.sql()).moved(back)).text());
        }
        return moved;
    }

    private List<SqlText> copy(Query query) throws SQLException {
        return query.isRoutine()
                ? routines.definition(query, twin.schema())
                : views.make(query, query.name().in(twin.schema()));
    }

    private long copied(Query query) throws SQLException {
        SqlTemplate oid = query.isRoutine()
                ? OID_OF_ROUTINE.with("schema", SqlText.literal(twin.schema().sql()))
                : OID_OF_VIEW.with(
                        "name", SqlText.literal(query.name().in(twin.schema()).sql()));
        return session.queryOne(oid, row -> row.getLong(1));
    }
}
