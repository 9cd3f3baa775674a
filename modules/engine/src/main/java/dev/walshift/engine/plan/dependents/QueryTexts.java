package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.plan.dependents.QueryGraph.Query;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.List;

/** Writes down views and routines by the names that columns have after the change; see {@link SearchPath} for those of tables. */
final class QueryTexts {
    private static final SqlTemplate OID_OF_VIEW = SqlTemplate.of("SELECT {name}::regclass::oid::bigint");
    private static final SqlTemplate OID_OF_ROUTINE =
            SqlTemplate.of("SELECT oid::bigint FROM pg_proc WHERE pronamespace = {schema}::regnamespace");

    private static final SqlTemplate CATALOG = SqlTemplate.of("SELECT ?::regclass::oid::bigint");

    private final Session session;
    private final Subject subject;
    private final RenamedTwin twin;
    private final SearchPath path;
    private final ViewWriter views;
    private final RoutineWriter routines;

    /** @param session in a savepoint that is taken back */
    QueryTexts(Session session, Subject subject, SearchPath path) throws SQLException {
        this.session = session;
        this.subject = subject;
        this.twin = RenamedTwin.make(session, subject);
        this.path = path;
        this.views = new ViewWriter(session);
        this.routines = new RoutineWriter(session);
    }

    /** Writes down one, whichever relations its OID has it stand on. */
    interface Writing {
        List<SqlText> write(Query query) throws SQLException;
    }

    /** @throws UnwritableException if that is not to be had */
    List<SqlText> of(Query query, Writing writing) throws SQLException, UnwritableException {
        List<SqlText> written = write(query, writing);
        long catalog = session.queryOne(
                CATALOG, row -> row.getLong(1), query.isRoutine() ? "pg_catalog.pg_proc" : "pg_catalog.pg_class");
        ColumnPlaces.check(session, subject, catalog, query.oid(), written);
        return written;
    }

    private List<SqlText> write(Query query, Writing writing) throws SQLException, UnwritableException {
        if (!twin.isNeeded()) {
            path.toWrite(session);
            return writing.write(query);
        }
        return twin.renamed(path.homes(), () -> copy(query), twins -> {
            session.execute(twins.toRead());
            return writing.write(new Query(query.kind(), copied(query), query.name(), query.description()));
        });
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
