package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.table.Dependents;
import dev.walshift.engine.table.RelationLock;
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
import java.util.Set;

/**
 * A table that is a partition: the swap takes the old one out of its parent and the new one in.
 *
 * <p>ATTACH PARTITION looks at every row, unless a constraint says already what it wants to know (PostgreSQL's tablecmds.c:
 * QueuePartitionConstraintValidation). So the shadow has such a CHECK from the start, as long as it is empty.
 */
final class PartitionCarrier implements Carrier {
    private static final Identifier CHECK = new Identifier("walshift_partition");
    private static final Identifier PARENT = new Identifier("walshift_parent");

    private static final SqlTemplate PARTITION = SqlTemplate.of("""
        SELECT p.oid::bigint AS parent, n.nspname, p.relname, pg_get_expr(c.relpartbound, c.oid) AS bound,
               pg_get_partition_constraintdef(c.oid) AS condition, pg_get_partkeydef(p.oid) AS key,
               pg_get_userbyid(p.relowner) AS owner,
               {ours} AS ours,
               (SELECT dn.nspname FROM pg_partitioned_table t JOIN pg_class d ON d.oid = t.partdefid
                  JOIN pg_namespace dn ON dn.oid = d.relnamespace WHERE t.partrelid = p.oid AND d.oid <> c.oid) AS default_schema,
               (SELECT d.relname FROM pg_partitioned_table t JOIN pg_class d ON d.oid = t.partdefid
                 WHERE t.partrelid = p.oid AND d.oid <> c.oid) AS default_name
          FROM pg_class c
          JOIN pg_inherits i ON i.inhrelid = c.oid
          JOIN pg_class p ON p.oid = i.inhparent
          JOIN pg_namespace n ON n.oid = p.relnamespace
         WHERE c.oid = ?::oid AND c.relispartition
        """);

    private static final SqlTemplate OBSTACLES = SqlTemplate.of("""
        WITH ancestors AS (SELECT relid FROM pg_partition_ancestors(?::oid::regclass) AS a(relid) WHERE relid <> ?::oid)
        SELECT pg_describe_object('pg_class'::regclass, c.oid, 0), 'has a default partition, which ATTACH PARTITION would read under its lock',
               'Detach it for the time of the migration, if that is acceptable'
          FROM pg_partitioned_table t
          JOIN pg_class c ON c.oid = t.partrelid
         WHERE t.partdefid <> 0 AND t.partdefid <> ?::oid AND t.partrelid IN (SELECT relid FROM ancestors)
           AND (SELECT sum(pg_relation_size(l.relid)) FROM pg_partition_tree(t.partdefid) l) > 0
        UNION ALL
        SELECT pg_describe_object('pg_class'::regclass, x.indexrelid, 0), 'is an index of the parent without a valid part here, which ATTACH PARTITION would build under its lock',
               'Create and attach the part first: CREATE INDEX CONCURRENTLY, then ALTER INDEX ... ATTACH PARTITION'
          FROM pg_inherits i
          JOIN pg_index x ON x.indrelid = i.inhparent
         WHERE i.inhrelid = ?::oid
           AND NOT EXISTS (SELECT FROM pg_inherits h JOIN pg_index p ON p.indexrelid = h.inhrelid
                            WHERE h.inhparent = x.indexrelid AND p.indrelid = i.inhrelid AND p.indisvalid)
        UNION ALL
        SELECT pg_describe_object('pg_constraint'::regclass, o.oid, 0), 'is a foreign key of the parent, which ATTACH PARTITION would validate under its lock',
               'Drop it and add it again after the migration'
          FROM pg_constraint o
         WHERE o.contype = 'f' AND (o.conrelid IN (SELECT relid FROM ancestors) OR o.confrelid IN (SELECT relid FROM ancestors))
           AND o.conparentid = 0
        UNION ALL
        SELECT pg_describe_object('pg_trigger'::regclass, t.oid, 0), 'is enabled otherwise than that of the parent, which ATTACH PARTITION makes it from',
               'Give both the same state for the time of the migration'
          FROM pg_trigger t
          JOIN pg_trigger p ON p.oid = t.tgparentid
         WHERE t.tgrelid = ?::oid AND t.tgenabled <> p.tgenabled
        UNION ALL
        SELECT format('publication %I', p.pubname), 'publishes the partition through its parent',
               'Take the parent out of the publication for the time of the migration, if its subscribers allow it'
          FROM pg_publication_rel r
          JOIN pg_publication p ON p.oid = r.prpubid
         WHERE r.prrelid IN (SELECT relid FROM ancestors)
        """);

    /** Triggers and foreign keys that the server makes, and takes away again, with ATTACH and DETACH. */
    private static final SqlTemplate INHERITED = SqlTemplate.of("""
        SELECT 'pg_trigger'::regclass::oid::bigint AS catalog, t.oid::bigint AS object
          FROM pg_trigger t WHERE t.tgrelid = ?::oid AND t.tgparentid <> 0
        UNION ALL
        SELECT 'pg_constraint'::regclass::oid::bigint, o.oid::bigint FROM pg_constraint o
         WHERE (o.conrelid = ?::oid OR o.confrelid = ?::oid) AND o.contype = 'f' AND o.conparentid <> 0
        """);

    private static final SqlTemplate ADD_CHECK =
            SqlTemplate.of("ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})");
    private static final SqlTemplate DROP_CHECK = SqlTemplate.of("ALTER TABLE {table} DROP CONSTRAINT {name}");
    private static final SqlTemplate DETACH = SqlTemplate.of("ALTER TABLE {parent} DETACH PARTITION {table}");
    private static final SqlTemplate ATTACH = SqlTemplate.of("ALTER TABLE {parent} ATTACH PARTITION {table} {bound}");
    private static final SqlTemplate STAND_IN = SqlTemplate.of(
            "CREATE TABLE {standIn} (LIKE {parent} INCLUDING CONSTRAINTS INCLUDING GENERATED) PARTITION BY {key}");

    /** What pg_depend calls an object: an OID is one of its catalog only. */
    private record ObjectAddress(long catalog, long oid) {}

    /** @param fallback the parent's default partition, if that is another one: the server locks it with the parent */
    private record Partition(
            QualifiedName parent,
            SqlText bound,
            Optional<SqlText> condition,
            SqlText key,
            Identifier owner,
            boolean ours,
            Optional<QualifiedName> fallback) {
        static Partition read(ResultSet row) throws SQLException {
            return new Partition(
                    QualifiedName.of(row.getString("nspname"), row.getString("relname")),
                    new SqlText(row.getString("bound")),
                    Optional.ofNullable(row.getString("condition")).map(SqlText::new),
                    new SqlText(row.getString("key")),
                    new Identifier(row.getString("owner")),
                    row.getBoolean("ours"),
                    row.getString("default_name") == null
                            ? Optional.empty()
                            : Optional.of(
                                    QualifiedName.of(row.getString("default_schema"), row.getString("default_name"))));
        }
    }

    @Override
    public Carried carry(Session session, Subject subject, List<Dependent> found) throws SQLException {
        Optional<Partition> partition = session.queryFirst(
                PARTITION.with("ours", Roles.mayBecome("p.relowner")), Partition::read, subject.oid());
        return partition.isEmpty() ? Carried.NOTHING : carry(session, subject, found, partition.get());
    }

    private static Carried carry(Session session, Subject subject, List<Dependent> found, Partition partition)
            throws SQLException {
        List<Problem> problems = new ArrayList<>(session.query(
                OBSTACLES,
                row -> new Problem(
                        ProblemCode.UNSUPPORTED_DEPENDENT,
                        "%s %s, as %s is a partition".formatted(row.getString(1), row.getString(2), subject.name()),
                        row.getString(3)),
                subject.oid(),
                subject.oid(),
                subject.oid(),
                subject.oid(),
                subject.oid()));
        if (!partition.ours()) {
            problems.add(new Problem(
                    ProblemCode.MISSING_PRIVILEGE,
                    "%s is a partition of %s, which belongs to role %s"
                            .formatted(subject.name(), partition.parent(), partition.owner()),
                    "GRANT %s TO the role that walshift connects as"
                            .formatted(partition.owner().sql())));
        }
        Set<ObjectAddress> ofParent = Set.copyOf(session.query(
                INHERITED,
                row -> new ObjectAddress(row.getLong("catalog"), row.getLong("object")),
                subject.oid(),
                subject.oid(),
                subject.oid()));
        List<Dependent> inherited = found.stream()
                .filter(dependent -> ofParent.contains(new ObjectAddress(dependent.catalog(), dependent.oid())))
                .toList();
        if (subject.probe().isPresent() && partition.ours()) {
            tryToAttach(session, subject.probe().get(), partition).ifPresent(problems::add);
        }
        return new Carried(Set.copyOf(inherited), dependents(subject, partition), problems, List.of());
    }

    /** The server says whether the new table may be a partition: its columns must be the parent's. */
    private static Optional<Problem> tryToAttach(Session session, QualifiedName probe, Partition partition)
            throws SQLException {
        QualifiedName standIn = new QualifiedName(probe.schema(), PARENT);
        SqlPart create = STAND_IN.with("standIn", standIn)
                .with("parent", partition.parent())
                .with("key", partition.key());
        return Trial.failure(session, List.of(create, attach(standIn, probe, partition.bound())))
                .map(e -> new Problem(
                        ProblemCode.UNSUPPORTED_CHANGE,
                        "the changed table can't be a partition of %s: %s"
                                .formatted(partition.parent(), e.getMessage()),
                        "All partitions have the parent's columns: change what a partition may have for itself, such as"
                                + " its storage, its indexes or its tablespace"));
    }

    private static Dependents dependents(Subject subject, Partition partition) {
        List<SqlText> prepare = new ArrayList<>();
        List<SqlText> attach = new ArrayList<>();
        attach.add(attach(partition.parent(), subject.name(), partition.bound()));
        if (partition.condition().isPresent() && subject.probe().isPresent()) {
            prepare.add(new SqlText(ADD_CHECK
                    .with("table", subject.probe().get())
                    .with("name", CHECK)
                    .with("condition", partition.condition().get())
                    .sql()));
            attach.add(new SqlText(
                    DROP_CHECK.with("table", subject.name()).with("name", CHECK).sql()));
        }
        SqlText detach = new SqlText(DETACH.with("parent", partition.parent())
                .with("table", subject.name())
                .sql());
        List<RelationLock> locks = new ArrayList<>(List.of(RelationLock.of(partition.parent())));
        partition.fallback().map(RelationLock::of).ifPresent(locks::add);
        return new Dependents(prepare, locks, List.of(detach), attach, List.of());
    }

    private static SqlText attach(QualifiedName parent, QualifiedName table, SqlText bound) {
        return new SqlText(ATTACH.with("parent", parent)
                .with("table", table)
                .with("bound", bound)
                .sql());
    }
}
