package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.ServerMessage;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * An empty table like the source, on which the server renames columns as it would in the source itself: what was made over it by its present
 * definition, the server then writes down with the new names, wherever they have to stand.
 */
final class RenamedTwin {
    /** Statements that name the twin where the present ones name the table. */
    interface Making {
        List<? extends SqlPart> statements() throws SQLException;
    }

    /** Reads what became of that, with the columns renamed. */
    interface Reading<T> {
        T read() throws SQLException;
    }

    private static final SqlTemplate CREATE_SCHEMA = SqlTemplate.of("CREATE SCHEMA {schema}");

    /** The sequence of a serial column goes with the new table, and is none of its own parts here. */
    private static final SqlTemplate BOUND = SqlTemplate.of("""
        WITH parts(classid, objid) AS (
             SELECT 'pg_class'::regclass, c.oid FROM pg_class c WHERE c.oid = ?::oid
             UNION ALL SELECT 'pg_type'::regclass, t.oid
                         FROM pg_class c JOIN pg_type t ON c.reltype IN (t.oid, t.typelem) WHERE c.oid = ?::oid
             UNION ALL SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE conrelid = ?::oid)
        SELECT count(*) FROM pg_depend d JOIN parts p ON d.refclassid = p.classid AND d.refobjid = p.objid
        """);

    private static final String STILL_BOUND = "its definition leads to the table itself by another way than its name";

    private final Session session;
    private final Subject subject;
    private final Identifier schema;
    private final Map<Identifier, Identifier> names;

    private RenamedTwin(Session session, Subject subject, Identifier schema, Map<Identifier, Identifier> names) {
        this.session = session;
        this.subject = subject;
        this.schema = schema;
        this.names = names;
    }

    /**
     * Makes it, if columns are renamed at all.
     *
     * @param session in a savepoint that is taken back, and the twin with it
     */
    static RenamedTwin make(Session session, Subject subject) throws SQLException {
        Identifier schema =
                new Identifier("walshift_twin_" + UUID.randomUUID().toString().replace("-", ""));
        Map<Identifier, Identifier> names = new HashMap<>();
        subject.columns().keySet().stream()
                .filter(subject::isRenamed)
                .forEach(column -> names.put(column, subject.columns().get(column)));
        if (!names.isEmpty()) {
            int number = 0;
            for (Identifier column : subject.dropped()) {
                // Another may have its name now.
                names.put(column, new Identifier("walshift_dropped_" + number++));
            }
            session.execute(CREATE_SCHEMA.with("schema", schema));
            subject.clones().make(schema);
        }
        return new RenamedTwin(session, subject, schema, Map.copyOf(names));
    }

    /** Whether columns are renamed, so that what the server says of the source is not what it would say of the new table. */
    boolean isNeeded() {
        return !names.isEmpty();
    }

    Identifier schema() {
        return schema;
    }

    /** The twin itself. */
    QualifiedName table() {
        return subject.name().in(schema);
    }

    /**
     * Makes something over the twin, renames the twin's columns, and takes all back.
     *
     * @throws UnwritableException if the server does not take it, or it is bound to the source all the same
     */
    <T> T renamed(Making making, Reading<T> reading) throws SQLException, UnwritableException {
        try {
            return session.tryOut(transaction -> {
                long before = bound();
                for (SqlPart statement : making.statements()) {
                    transaction.execute(statement);
                }
                if (bound() != before) {
                    throw new SQLException(STILL_BOUND);
                }
                ColumnRenaming.apply(transaction, table(), names);
                return reading.read();
            });
        } catch (SQLException e) {
            if (SqlStates.isPassing(e)) {
                throw e;
            }
            throw UnwritableException.renamed("it can't be written down with the new name: "
                    + ServerMessage.of(e).text().replace(schema.name() + ".", ""));
        }
    }

    /** @throws UnwritableException if it still names the twin where nothing can be put in its place */
    ServerSql withoutIt(ServerSql moved) throws UnwritableException {
        if (moved.sql().contains(schema.name())) {
            throw UnwritableException.renamed("it names the table where nothing else can be put in its place");
        }
        return moved;
    }

    private long bound() throws SQLException {
        long oid = subject.oid();
        return session.queryOne(BOUND, row -> row.getLong(1), oid, oid, oid);
    }
}
