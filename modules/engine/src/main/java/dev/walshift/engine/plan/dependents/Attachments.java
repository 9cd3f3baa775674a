package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.table.Dependents;
import dev.walshift.engine.table.RelationLock;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.ServerMessage;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Collects objects that stand on a table and that the swap makes anew, or binds anew: those of the subject, and
 * those of other tables that mention it.
 */
final class Attachments {
    private static final SqlTemplate STAND_IN = SqlTemplate.of("CREATE TEMPORARY TABLE {name} (LIKE {table})");
    private static final String TEMPORARY = "pg_temp";

    private static final SqlTemplate CLONE = SqlTemplate.of("CREATE TABLE {name} (LIKE {table})");

    /** The one thing that was made on a table. */
    private static final SqlTemplate MADE = SqlTemplate.of("""
        SELECT oid::bigint FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = {table}::regclass
        UNION ALL
        SELECT oid::bigint FROM pg_policy WHERE polrelid = {table}::regclass
        UNION ALL
        SELECT oid::bigint FROM pg_rewrite WHERE ev_class = {table}::regclass
        """);

    private final Session session;
    private final Subject subject;
    private final RenamedTwin twin;
    private final Set<Dependent> answeredFor = new HashSet<>();
    private final List<RelationLock> locks = new ArrayList<>();
    private final List<SqlText> attach = new ArrayList<>();
    private final List<Problem> problems = new ArrayList<>();
    private final List<String> notices = new ArrayList<>();

    private Attachments(Session session, Subject subject, RenamedTwin twin) {
        this.session = session;
        this.subject = subject;
        this.twin = twin;
    }

    /** @param session in a savepoint that is taken back */
    static Attachments of(Session session, Subject subject) throws SQLException {
        return new Attachments(session, subject, RenamedTwin.make(session, subject));
    }

    /** How a kind of objects is written down. */
    interface Writer {
        /** What the server says of one. */
        ServerSql read(long oid) throws SQLException;

        /** Makes one on a table. */
        SqlText create(ServerSql read, QualifiedName table);
    }

    /**
     * What the server says of an object, under the search path pg_catalog and by the names that columns have after the change.
     *
     * @return empty if that is not to be had, and the object refused
     */
    Optional<ServerSql> read(Dependent object, HomeTable home, Writer writer) throws SQLException {
        boolean reachable = home.oid() == subject.oid() || home.ours();
        try {
            ServerSql read = twin.isNeeded() && reachable && namesRenamed(object)
                    ? readRenamed(object, home, writer)
                    : writer.read(object.oid());
            ColumnPlaces.check(session, subject, object.catalog(), object.oid(), List.of(read.text()));
            return Optional.of(read);
        } catch (UnwritableException e) {
            answeredFor.add(object);
            problems.add(new Problem(
                    ProblemCode.UNSUPPORTED_DEPENDENT, "%s: %s".formatted(object.name(), e.reason()), e.remedy()));
            return Optional.empty();
        }
    }

    private boolean namesRenamed(Dependent object) throws SQLException {
        return ColumnUse.columns(session, subject, object).stream().anyMatch(subject::isRenamed);
    }

    private ServerSql readRenamed(Dependent object, HomeTable home, Writer writer)
            throws SQLException, UnwritableException {
        QualifiedName table = home.name().in(twin.schema());
        List<SqlPart> making = new ArrayList<>();
        if (home.oid() != subject.oid()) {
            if (table.equals(twin.table())) {
                throw UnwritableException.renamed(
                        "its table %s has the same name as the one that is changed".formatted(home.name()));
            }
            making.add(CLONE.with("name", table).with("table", home.name()));
        }
        Map<QualifiedName, QualifiedName> there = new HashMap<>(Map.of(subject.name(), twin.table()));
        there.put(home.name(), table);
        Map<QualifiedName, QualifiedName> back = new HashMap<>(Map.of(twin.table(), subject.name()));
        back.put(table, home.name());
        return twin.withoutIt(twin.renamed(
                        () -> {
                            making.add(writer.create(writer.read(object.oid()).moved(there), table));
                            return making;
                        },
                        () -> writer.read(session.queryOne(
                                MADE.with("table", SqlText.literal(table.sql())), row -> row.getLong(1))))
                .moved(back));
    }

    /**
     * One object.
     *
     * @param home the table that it stands on
     * @param create would make it, and is tried on the probe
     * @param statements what the swap does, once the new table has its name
     */
    void add(Dependent object, HomeTable home, ServerSql create, List<? extends SqlPart> statements)
            throws SQLException {
        answeredFor.add(object);
        List<Problem> columns = ColumnUse.problems(session, subject, object);
        problems.addAll(columns);
        boolean elsewhere = home.oid() != subject.oid();
        if (elsewhere && !home.ours()) {
            problems.add(new Problem(
                    ProblemCode.MISSING_PRIVILEGE,
                    "%s mentions table %s and has to be changed in the swap, but role %s does not own its table"
                            .formatted(object.name(), subject.name(), home.role()),
                    "GRANT %s TO %s".formatted(home.owner().sql(), home.role().sql())));
            return;
        }
        if (elsewhere) {
            locks.add(RelationLock.of(home.name()));
            notices.add(
                    "the swap also locks table %s, since %s mentions this one".formatted(home.name(), object.name()));
        }
        if (columns.isEmpty() && subject.probe().isPresent()) {
            tryOut(object, home, create, subject.probe().get());
        }
        run(statements);
    }

    /** Something that goes with another object. */
    void answerFor(Dependent object) {
        answeredFor.add(object);
    }

    /** Statements for the swap that can't fail for what the new table is like. */
    void run(List<? extends SqlPart> statements) {
        statements.forEach(statement -> attach.add(new SqlText(statement.sql())));
    }

    void notice(String notice) {
        notices.add(notice);
    }

    void problem(Problem problem) {
        problems.add(problem);
    }

    Carried carried() {
        return new Carried(
                answeredFor, new Dependents(locks, List.of(), attach, List.of()), problems, List.copyOf(notices));
    }

    /**
     * Another table is not locked for a trial: an empty table of the same columns, and the same name, stands in
     * for it.
     */
    private void tryOut(Dependent object, HomeTable home, ServerSql create, QualifiedName probe) throws SQLException {
        Map<QualifiedName, QualifiedName> places = new HashMap<>();
        places.put(subject.name(), probe);
        List<SqlPart> before = new ArrayList<>();
        if (home.oid() != subject.oid()) {
            before.add(STAND_IN.with("name", home.name().name()).with("table", home.name()));
            places.put(
                    home.name(), QualifiedName.of(TEMPORARY, home.name().name().name()));
        }
        SqlPart made = MADE.with(
                "table", SqlText.literal(places.getOrDefault(home.name(), probe).sql()));
        List<String> lost = new ArrayList<>();
        Optional<SQLException> failure = failure(before, create.withAll(places), object, made, lost);
        if (failure.isPresent() && SqlStates.is(failure.get(), SqlStates.UNDEFINED_TABLE)) {
            // A column was taken for the table: no name of the server's own is undefined.
            failure = failure(before, create.withFirst(places), object, made, lost);
        }
        if (!lost.isEmpty()) {
            problems.add(LostOperators.problem(object.name(), lost));
        }
        failure.ifPresent(reason -> problems.add(new Problem(
                ProblemCode.UNSUPPORTED_DEPENDENT,
                "%s can't be made for the new table: %s (SQLSTATE %s)"
                        .formatted(object.name(), ServerMessage.of(reason).inOneLine(), reason.getSQLState()),
                "Drop it and create it in another form after the migration, or choose another change")));
    }

    private Optional<SQLException> failure(
            List<SqlPart> before, SqlText create, Dependent object, SqlPart made, List<String> lost)
            throws SQLException {
        return Trial.failure(session, transaction -> {
            for (SqlPart statement : before) {
                transaction.execute(statement);
            }
            transaction.execute(create);
            lost.addAll(LostOperators.of(transaction, object, made));
        });
    }
}
