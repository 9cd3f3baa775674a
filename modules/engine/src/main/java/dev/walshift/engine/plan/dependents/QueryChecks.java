package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.dependents.QueryGraph.Query;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Whether a view or routine may be changed, and whether it can be made anew without losing anything. */
final class QueryChecks {
    /** Two of one name can't both be made beside the new table: the one in its own schema can, or the older. */
    private static final SqlTemplate OBSTACLES = SqlTemplate.of("""
        WITH home(id) AS (SELECT relnamespace FROM pg_class WHERE oid = ?::oid)
        SELECT o.temporary, o.hidden, o.owner, current_user AS role, n.nspname,
               {ours} AS is_owner,
               has_schema_privilege(n.oid, 'CREATE') AS can_create
          FROM (SELECT relnamespace AS schemaid, relpersistence = 't' AS temporary, pg_get_userbyid(relowner) AS owner, relowner AS ownerid,
                       EXISTS (SELECT FROM pg_class x CROSS JOIN home
                                WHERE x.oid = ANY (?::bigint[]) AND x.oid <> c.oid AND x.relname = c.relname
                                  AND (x.relnamespace = home.id OR (c.relnamespace <> home.id AND x.oid < c.oid))) AS hidden
                  FROM pg_class c WHERE NOT ? AND oid = ?::oid
                UNION ALL
                SELECT pronamespace, false, pg_get_userbyid(proowner), proowner,
                       EXISTS (SELECT FROM pg_proc x CROSS JOIN home
                                WHERE x.oid = ANY (?::bigint[]) AND x.oid <> p.oid AND x.proname = p.proname
                                  AND x.proargtypes = p.proargtypes
                                  AND (x.pronamespace = home.id OR (p.pronamespace <> home.id AND x.oid < p.oid)))
                  FROM pg_proc p WHERE ? AND oid = ?::oid) AS o
          JOIN pg_namespace n ON n.oid = o.schemaid
        """);

    /** Columns of the table that a view's rules or a routine name. */
    private static final SqlTemplate COLUMNS = SqlTemplate.of("""
        SELECT DISTINCT a.attname
          FROM pg_depend d
          JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ?::oid AND d.refobjsubid > 0
           AND ((d.classid = 'pg_rewrite'::regclass AND d.objid IN (SELECT oid FROM pg_rewrite WHERE ev_class = ?::oid))
                OR (d.classid = 'pg_proc'::regclass AND d.objid = ?::oid))
         ORDER BY a.attname
        """);

    /** What a view or routine has that is lost with it, or (routines) when it is replaced. */
    private static final SqlTemplate EXTRAS = SqlTemplate.of("""
        SELECT format(CASE d.deptype WHEN 'e' THEN 'it belongs to extension %I' ELSE 'it is marked to depend on extension %I' END,
                      e.extname) AS extra, d.deptype = 'e' AS kept_by_replace
          FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
         WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype IN ('e', 'x')
           AND d.classid = CASE WHEN ? THEN 'pg_proc'::regclass ELSE 'pg_class'::regclass END AND d.objid = ?::oid
        UNION ALL
        SELECT format('it has a security label of %I', provider), true
          FROM pg_seclabel
         WHERE classoid = CASE WHEN ? THEN 'pg_proc'::regclass ELSE 'pg_class'::regclass END AND objoid = ?::oid
        UNION ALL
        SELECT format('it has %s', pg_describe_object('pg_statistic_ext'::regclass, oid, 0)), true
          FROM pg_statistic_ext WHERE NOT ? AND stxrelid = ?::oid
         ORDER BY 1
        """);

    /** It is filled with the rights of its owner; an unpopulated one is not. */
    private static final SqlTemplate UNREADABLE = SqlTemplate.of("""
        SELECT DISTINCT pg_describe_object('pg_class'::regclass, r.oid, 0) AS name, pg_get_userbyid(m.relowner) AS owner
          FROM pg_class m
          JOIN pg_rewrite w ON w.ev_class = m.oid
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
          JOIN pg_class r ON r.oid = d.refobjid AND r.oid <> m.oid AND r.relkind IN ('r', 'p', 'v', 'm', 'f')
         WHERE m.oid = ?::oid AND m.relispopulated
           AND NOT CASE d.refobjsubid WHEN 0 THEN has_any_column_privilege(m.relowner, r.oid, 'SELECT')
                                      ELSE has_column_privilege(m.relowner, r.oid, d.refobjsubid::smallint, 'SELECT') END
         ORDER BY name
        """);

    private static final SqlTemplate ON_ROUTINE = SqlTemplate.of("""
        SELECT DISTINCT pg_describe_object(classid, objid, objsubid) AS name
          FROM pg_depend
         WHERE refclassid = 'pg_proc'::regclass AND refobjid = ?::oid AND deptype <> 'i'
         ORDER BY name
        """);

    private static final String DROP_IT = "Drop it and create it again after the migration, if that is acceptable";

    private final Session session;
    private final Subject subject;
    /** The table and all views and routines that hang on it. */
    private final Long[] concerned;

    /** @param session with search_path pg_catalog */
    QueryChecks(Session session, Subject subject, QueryGraph graph) {
        this.session = session;
        this.subject = subject;
        this.concerned = Stream.concat(
                        Stream.of(subject.oid()), graph.all().stream().map(Query::oid))
                .toArray(Long[]::new);
    }

    /** What forbids any change of it, whichever way. */
    List<Problem> any(Query query) throws SQLException {
        List<Problem> problems = new ArrayList<>();
        boolean routine = query.isRoutine();
        problems.addAll(session.queryOne(
                OBSTACLES.with("ours", Roles.mayBecome("o.ownerid")),
                row -> obstacles(query, row),
                subject.oid(),
                concerned,
                routine,
                query.oid(),
                concerned,
                routine,
                query.oid()));
        problems.addAll(columns(query));
        if (query.isMaterialized() && !subject.consents().contains(Consent.MATERIALIZED_VIEWS)) {
            problems.add(refused(
                    query,
                    "it can't be bound to another table, only made and filled anew",
                    "Agree to that with --%s, or drop it and create it again after the migration"
                            .formatted(Consent.MATERIALIZED_VIEWS.key())));
        }
        return problems;
    }

    private static List<Problem> obstacles(Query query, ResultSet row) throws SQLException {
        List<Problem> problems = new ArrayList<>();
        if (row.getBoolean("temporary")) {
            return List.of(refused(query, "it is a temporary view of another session", "End that session, or wait"));
        }
        if (row.getBoolean("hidden")) {
            problems.add(refused(
                    query,
                    "something else that hangs on the table, or the table itself, has its name in another schema",
                    "Rename one of the two for the time of the migration"));
        }
        Identifier role = new Identifier(row.getString("role"));
        if (!row.getBoolean("is_owner")) {
            Identifier owner = new Identifier(row.getString("owner"));
            problems.add(new Problem(
                    ProblemCode.MISSING_PRIVILEGE,
                    "role %s does not own %s, which is bound to the table".formatted(role, query.description()),
                    "GRANT %s TO %s".formatted(owner.sql(), role.sql())));
        }
        if (!row.getBoolean("can_create")) {
            Identifier schema = new Identifier(row.getString("nspname"));
            problems.add(new Problem(
                    ProblemCode.MISSING_PRIVILEGE,
                    "role %s may not create anything in schema %s, where %s is"
                            .formatted(role, schema, query.description()),
                    "GRANT CREATE ON SCHEMA %s TO %s".formatted(schema.sql(), role.sql())));
        }
        return problems;
    }

    /** A new column may have the name of one that is no more. */
    private List<Problem> columns(Query query) throws SQLException {
        List<Problem> problems = new ArrayList<>();
        for (Identifier column : session.query(
                COLUMNS, row -> new Identifier(row.getString(1)), subject.oid(), query.oid(), query.oid())) {
            if (subject.dropped().contains(column)) {
                problems.add(refused(
                        query,
                        "it uses column %s, which is dropped".formatted(column),
                        "Change it first so that it does without the column; ALTER TABLE too refuses to drop it"));
            }
        }
        return problems;
    }

    /** What keeps a materialized view from being filled. */
    List<Problem> unreadable(Query view) throws SQLException {
        return session.query(
                UNREADABLE,
                row -> refused(
                        view,
                        "its owner %s may not read %s, so that it can't be filled anew"
                                .formatted(row.getString("owner"), row.getString("name")),
                        "GRANT SELECT on it to the owner, or run REFRESH MATERIALIZED VIEW ... WITH NO DATA first"),
                view.oid());
    }

    /** What would be lost if it were made anew. */
    List<Problem> remade(Query query, List<Dependent> others) throws SQLException {
        List<Problem> problems = new ArrayList<>();
        for (Extra extra : extras(query)) {
            problems.add(refused(query, "it has to be made anew, but " + extra.what(), DROP_IT));
        }
        List<String> hanging = query.isRoutine()
                ? session.query(ON_ROUTINE, row -> row.getString(1), query.oid())
                : others.stream().map(Dependent::name).toList();
        if (!hanging.isEmpty()) {
            problems.add(refused(
                    query,
                    "it has to be made anew, but on it hangs what can't be: " + String.join(", ", hanging),
                    "Drop what hangs on it and create that again after the migration, if that is acceptable"));
        }
        return problems;
    }

    /** What would be lost if it were replaced. */
    List<Problem> replaced(Query query) throws SQLException {
        return query.isRoutine()
                ? extras(query).stream()
                        .filter(extra -> !extra.keptByReplace())
                        .map(extra -> refused(query, "it has to be replaced, but " + extra.what(), DROP_IT))
                        .toList()
                : List.of();
    }

    private record Extra(String what, boolean keptByReplace) {}

    private List<Extra> extras(Query query) throws SQLException {
        boolean routine = query.isRoutine();
        long oid = query.oid();
        return session.query(
                EXTRAS,
                row -> new Extra(row.getString("extra"), row.getBoolean("kept_by_replace")),
                routine,
                oid,
                routine,
                oid,
                routine,
                oid);
    }

    /** The server does not take its definition over the new table. */
    static Problem rejected(Query query, SQLException failure) {
        return refused(
                query,
                "over the changed table the server rejects it: %s (SQLSTATE %s)"
                        .formatted(
                                String.valueOf(failure.getMessage())
                                        .lines()
                                        .findFirst()
                                        .orElse(""),
                                failure.getSQLState()),
                DROP_IT);
    }

    /** Names in its definition led back to the old tables. */
    static Problem ambiguous(Query query, List<String> bound) {
        return refused(
                query,
                "made over the changed table it is still bound to "
                        + bound.stream().collect(Collectors.joining(", ")),
                "Rename what has the same name in another schema, or drop it and create it again after the migration");
    }

    /** The server does not write down of which schema an operator is where the syntax has no room for it. */
    static Problem rebound(Query query, List<String> operators) {
        return refused(query, LostOperators.why(operators), LostOperators.remedy());
    }

    static Problem circular(Query query) {
        return refused(query, "it is made of itself", DROP_IT);
    }

    static Problem refused(Query query, String why, String remedy) {
        return new Problem(
                ProblemCode.UNSUPPORTED_DEPENDENT,
                "%s is bound to the table and can't follow the swap: %s".formatted(query.description(), why),
                remedy);
    }
}
