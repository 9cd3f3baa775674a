package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.ServerMessage;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Publishes the new table as a publication will, to hear from the server whether it would still take the
 * application's writes. It refuses an UPDATE or DELETE of a table whose replica identity is missing, or
 * does not have all columns of a row filter, or is not covered by a column list (CheckCmdReplicaIdentity,
 * src/backend/executor/execReplication.c).
 */
final class PublicationTrial {
    /** Another plan must not wait for this one's name. */
    private static final SqlTemplate NAME = SqlTemplate.of("SELECT 'walshift_trial_' || pg_backend_pid()");

    private static final SqlTemplate CREATE = SqlTemplate.of("CREATE PUBLICATION {publication} FOR TABLE {member}"
            + " WITH (publish = {published}, publish_via_partition_root = {viaRoot})");

    /** EXPLAIN, so that no trigger fires. */
    private static final SqlTemplate UPDATE = SqlTemplate.of("EXPLAIN UPDATE {table} SET {column} = DEFAULT");

    private static final SqlTemplate DELETE = SqlTemplate.of("EXPLAIN DELETE FROM {table}");

    /** A table, or one of those below it. */
    private static final SqlTemplate HAS_IDENTITY = SqlTemplate.of("""
        SELECT COALESCE(bool_or(c.relreplident = 'f'
               OR EXISTS (SELECT FROM pg_index i
                           WHERE i.indrelid = c.oid
                             AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident))), false)
          FROM pg_class c
         WHERE c.oid = ?::oid OR (? AND c.oid IN (SELECT t.relid FROM pg_partition_tree(?::oid::regclass) t))
        """);

    private static final SqlTemplate OID = SqlTemplate.of("SELECT to_regclass(?)::oid::bigint");

    private final Session session;
    private final Subject subject;
    private final Membership membership;
    private final Partitioning partitioning;

    PublicationTrial(Session session, Subject subject, Membership membership, Partitioning partitioning) {
        this.session = session;
        this.subject = subject;
        this.membership = membership;
        this.partitioning = partitioning;
    }

    /**
     * Tries, and leaves nothing behind.
     *
     * @param probe the new table, empty
     * @return what the server has against it
     */
    Optional<Problem> problem(QualifiedName probe) throws SQLException {
        Optional<SQLException> failure = Trial.failure(session, transaction -> {
            // All tables' publication has the probe already.
            if (membership.scope() != Membership.Scope.ALL_TABLES) {
                publish(probe);
            }
            if (isWritten()) {
                write(probe);
            }
        });
        if (failure.isPresent()) {
            return failure.map(this::problem);
        }
        return isRootUnknown(probe) ? Optional.of(rootUnknown()) : Optional.empty();
    }

    private void publish(QualifiedName probe) throws SQLException {
        List<String> published = new ArrayList<>(List.of("insert"));
        if (membership.updates()) {
            published.add("update");
        }
        if (membership.deletes()) {
            published.add("delete");
        }
        session.execute(CREATE.with("publication", session.queryOne(NAME, row -> new Identifier(row.getString(1))))
                .with("member", membership.member(probe, subject))
                .with("published", SqlText.literal(String.join(", ", published)))
                .with("viaRoot", new SqlText(Boolean.toString(membership.viaRoot()))));
    }

    /**
     * Whether anybody writes to the new table in a way that needs a replica identity. Not the application if it
     * can't do so today; but in a publication of all tables the new table is, while it is filled, and there
     * walshift deletes.
     */
    private boolean isWritten() throws SQLException {
        return membership.scope() == Membership.Scope.ALL_TABLES || hasIdentity(subject.oid(), true);
    }

    private boolean hasIdentity(long table, boolean orPartition) throws SQLException {
        return session.queryOne(HAS_IDENTITY, row -> row.getBoolean(1), table, orPartition, table);
    }

    /**
     * The server asks partitions for a replica identity, and never the partitioned table, by whose own it tells
     * subscribers which columns are the key's.
     */
    private boolean isRootUnknown(QualifiedName probe) throws SQLException {
        return partitioning.changed()
                && membership.viaRoot()
                && (membership.updates() || membership.deletes())
                && hasIdentity(subject.oid(), false)
                && !hasIdentity(session.queryOne(OID, row -> row.getLong(1), probe.sql()), false);
    }

    private Problem rootUnknown() {
        return new Problem(
                ProblemCode.REPLICA_IDENTITY,
                "publication %s publishes the changes of partitions as those of table %s, which has no replica identity"
                                .formatted(membership.publication(), subject.name())
                        + " after the change: its subscribers could not find the rows",
                "Give the partitioned table a primary key, not only its partitions");
    }

    private void write(QualifiedName probe) throws SQLException {
        Identifier column = subject.columns().values().iterator().next();
        session.execute(UPDATE.with("table", probe).with("column", column));
        session.execute(DELETE.with("table", probe));
    }

    private Problem problem(SQLException e) {
        ServerMessage server = ServerMessage.of(e);
        if (partitioning.begins() && membership.isPartial() && !membership.viaRoot()) {
            return new Problem(
                    ProblemCode.UNSUPPORTED_DEPENDENT,
                    "publication %s does not go with table %s once that is partitioned: %s"
                            .formatted(
                                    membership.publication(),
                                    subject.name(),
                                    server.detail().orElse(server.text())),
                    "ALTER PUBLICATION %s SET (publish_via_partition_root = true); for plain tables it means nothing"
                            .formatted(membership.publication().sql()));
        }
        return new Problem(
                ProblemCode.REPLICA_IDENTITY,
                "publication %s does not go with table %s after the change: %s"
                        .formatted(membership.publication(), subject.name(), server.inOneLine()),
                "The new table needs a replica identity (ALTER TABLE ... REPLICA IDENTITY USING INDEX, or a primary"
                    + " key) whose columns the publication's column list has, and which has those of its row filter;"
                    + " change the publication or the table first");
    }
}
