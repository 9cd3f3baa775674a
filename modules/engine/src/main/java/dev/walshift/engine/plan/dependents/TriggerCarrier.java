package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.plan.dependents.Dependent.Kind;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The table's triggers are made anew in the swap, where they can't fire for the copy. So are constraint triggers
 * of other tables that were made FROM this one. The server makes a partitioned table's row triggers on its partitions.
 */
final class TriggerCarrier implements Carrier {
    private static final SqlTemplate READ = SqlTemplate.of("""
        SELECT t.tgname, t.tgenabled, (t.tgtype & 1) = 1 AS for_each_row, t.tgrelid::bigint AS home, t.tgconstraint::bigint AS constraint_oid,
               'pg_constraint'::regclass::oid::bigint AS constraint_catalog,
               obj_description(t.oid, 'pg_trigger') AS comment,
               obj_description(t.tgconstraint, 'pg_constraint') AS constraint_comment,
               ARRAY(SELECT e.extname
                       FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                      WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid
                        AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x'
                      ORDER BY e.extname) AS extensions
          FROM pg_trigger t
         WHERE t.oid = ?::oid
        """);
    private static final SqlTemplate DEFINITION = SqlTemplate.of("SELECT pg_get_triggerdef(?::oid)");
    private static final SqlText TRIGGER = new SqlText("TRIGGER");
    private static final SqlTemplate DROP = SqlTemplate.of("DROP TRIGGER {name} ON {table}");
    private static final SqlTemplate COMMENT = SqlTemplate.of("COMMENT ON TRIGGER {name} ON {table} IS {comment}");
    private static final SqlTemplate CONSTRAINT_COMMENT =
            SqlTemplate.of("COMMENT ON CONSTRAINT {name} ON {table} IS {comment}");
    private static final SqlTemplate DEPENDS =
            SqlTemplate.of("ALTER TRIGGER {name} ON {table} DEPENDS ON EXTENSION {extension}");

    /**
     * One trigger, as the catalogs have it.
     *
     * @param constraint in pg_constraint, if it is a constraint trigger; its comment is another one
     */
    private record Trigger(
            Identifier name,
            Firing firing,
            boolean forEachRow,
            long home,
            long constraintCatalog,
            long constraint,
            Optional<String> comment,
            Optional<String> constraintComment,
            List<Identifier> extensions) {}

    private record TriggerWriter(Session session) implements Attachments.Writer {
        @Override
        public ServerSql read(long oid) throws SQLException {
            return session.queryOne(DEFINITION, row -> new ServerSql(row.getString(1)), oid);
        }

        @Override
        public SqlText create(ServerSql read, QualifiedName table) {
            return read.text();
        }
    }

    @Override
    public Carried carry(Session session, Subject subject, List<Dependent> found) throws SQLException {
        Attachments attachments = Attachments.of(session, subject);
        boolean partitioningBegins = Partitioning.of(session, subject).begins();
        for (Dependent dependent : found) {
            if (dependent.kind() == Kind.TRIGGER) {
                Trigger trigger = session.queryOne(READ, TriggerCarrier::trigger, dependent.oid());
                HomeTable home = HomeTable.read(session, trigger.home());
                Optional<ServerSql> create = attachments.read(dependent, home, new TriggerWriter(session));
                if (create.isPresent()) {
                    attachments.add(dependent, home, create.get(), statements(trigger, create.get(), home, subject));
                    if (partitioningBegins && trigger.forEachRow() && home.oid() == subject.oid()) {
                        attachments.notice(firesOnPartitions(dependent));
                    }
                }
                found.stream()
                        .filter(other ->
                                other.catalog() == trigger.constraintCatalog() && other.oid() == trigger.constraint())
                        .forEach(attachments::answerFor);
            }
        }
        return attachments.carried();
    }

    /** What is otherwise on a partitioned table. */
    private static String firesOnPartitions(Dependent trigger) {
        return "%s will fire on the partitions: TG_RELID and TG_TABLE_NAME are the partition's; BEFORE a write it can't choose another partition (the write fails); an UPDATE that moves a row fires the triggers for DELETE where it was and those for INSERT where it goes, and none AFTER UPDATE"
                .formatted(trigger.name());
    }

    private static Trigger trigger(ResultSet row) throws SQLException {
        return new Trigger(
                new Identifier(row.getString("tgname")),
                Firing.of(row.getString("tgenabled")),
                row.getBoolean("for_each_row"),
                row.getLong("home"),
                row.getLong("constraint_catalog"),
                row.getLong("constraint_oid"),
                Optional.ofNullable(row.getString("comment")),
                Optional.ofNullable(row.getString("constraint_comment")),
                Stream.of((String[]) row.getArray("extensions").getArray())
                        .map(Identifier::new)
                        .toList());
    }

    private static List<SqlPart> statements(Trigger trigger, ServerSql create, HomeTable home, Subject subject) {
        List<SqlPart> statements = new ArrayList<>();
        if (home.oid() != subject.oid()) {
            statements.add(on(DROP, trigger, home));
        }
        statements.add(create.text());
        trigger.firing().set(TRIGGER, trigger.name(), home.name()).ifPresent(statements::add);
        trigger.comment()
                .ifPresent(text -> statements.add(on(COMMENT, trigger, home).with("comment", SqlText.literal(text))));
        trigger.constraintComment()
                .ifPresent(text ->
                        statements.add(on(CONSTRAINT_COMMENT, trigger, home).with("comment", SqlText.literal(text))));
        trigger.extensions()
                .forEach(extension -> statements.add(on(DEPENDS, trigger, home).with("extension", extension)));
        return statements;
    }

    private static SqlTemplate on(SqlTemplate statement, Trigger trigger, HomeTable home) {
        return statement.with("name", trigger.name()).with("table", home.name());
    }
}
