package dev.walshift.engine.plan;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.plan.dependents.Roles;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;

/** What of the tables below a partitioned source walshift can't copy, or could not make anew as it is. */
final class PartitionChecks {
    private static final String APART = "Detach it for the time of the migration, if that is acceptable";

    /** Its triggers are internal, and so are those that the server makes on partitions up to 14. */
    private static final SqlText OF_FOREIGN_KEY =
            new SqlText("EXISTS (SELECT FROM pg_constraint o WHERE o.oid = t.tgconstraint AND o.contype = 'f')");

    private static final SqlTemplate OBSTACLES = SqlTemplate.of("""
        WITH tree AS (
             SELECT c.*, t.level, format('%I.%I', n.nspname, c.relname) AS name, m.amname,
                    c.relnamespace <> (SELECT relnamespace FROM pg_class WHERE oid = ?::oid) AS elsewhere
               FROM pg_partition_tree(?::oid::regclass) t
               JOIN pg_class c ON c.oid = t.relid
               JOIN pg_namespace n ON n.oid = c.relnamespace
               LEFT JOIN pg_am m ON m.oid = c.relam)
        SELECT format('partition %s is %s', name, CASE WHEN relkind NOT IN ('r', 'p') THEN 'a foreign table'
                                                       WHEN relpersistence = 't' THEN 'temporary'
                                                       WHEN relpersistence <> 'p' THEN 'unlogged'
                                                       ELSE 'stored by access method ' || amname END), {apart}
          FROM tree
         WHERE level > 0
           AND (relkind NOT IN ('r', 'p') OR relpersistence <> 'p' OR (relkind = 'r' AND amname IS DISTINCT FROM 'heap'))
        UNION ALL
        SELECT format('partitioned table %s has an access method of its own for partitions to come', name),
               'ALTER TABLE ... SET ACCESS METHOD DEFAULT, and set it again after the migration'
          FROM tree WHERE relkind = 'p' AND relam <> 0
        UNION ALL
        SELECT format('partition %s is in another schema than the partitioned table', name),
               'ALTER TABLE ... SET SCHEMA, so that all of it is in one'
          FROM tree WHERE elsewhere
        UNION ALL
        SELECT format('role %I does not own partition %s', current_user, name),
               format('GRANT %I TO %I', pg_get_userbyid(relowner), current_user)
          FROM tree c WHERE NOT {ours}
        UNION ALL
        SELECT format('partition %s has row level security of its own', name), {apart}
          FROM tree WHERE level > 0 AND (relrowsecurity OR relforcerowsecurity)
        UNION ALL
        SELECT format('partition %s belongs to an extension', name), {apart}
          FROM tree c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
         WHERE level > 0
        UNION ALL
        SELECT format('partition %s owns sequence %s', name, s.oid::regclass),
               format('Let it belong to the partitioned table: ALTER SEQUENCE %s OWNED BY ...', s.oid::regclass)
          FROM tree c
          JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                          AND d.deptype IN ('a', 'i')
          JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
         WHERE level > 0
        UNION ALL
        SELECT format('partition %s is being detached', i.inhrelid::regclass),
               format('ALTER TABLE %s DETACH PARTITION %s FINALIZE', name, i.inhrelid::regclass)
          FROM tree c JOIN pg_inherits i ON i.inhparent = c.oid AND i.inhdetachpending
        UNION ALL
        SELECT format('%s is partitioned by column %I under another collation than the column''s, so that no index tells its rows apart',
                      name, a.attname),
               'Partition it by the column''s own collation'
          FROM tree c
          JOIN pg_partitioned_table p ON p.partrelid = c.oid
         CROSS JOIN LATERAL unnest(p.partattrs::int2[], p.partcollation::oid[]) AS k(number, collated)
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number AND k.number > 0
         WHERE a.attcollation <> k.collated
        UNION ALL
        SELECT format('a subscription writes to partition %s and would not find the new one', name),
               'Change the table on the publisher, or end the subscription first'
          FROM tree c JOIN pg_subscription_rel r ON r.srrelid = c.oid
         WHERE level > 0
        UNION ALL
        SELECT format('trigger %I is enabled otherwise on partition %s than on the partitioned table', t.tgname, name),
               'Enable it alike on all of them for the time of the migration'
          FROM tree c
          JOIN pg_trigger t ON t.tgrelid = c.oid
          JOIN pg_trigger p ON p.oid = t.tgparentid AND p.tgenabled <> t.tgenabled
         WHERE NOT {ofForeignKey}
        UNION ALL
        SELECT format('trigger %I of the partitioned table is called %I on partition %s', p.tgname, t.tgname, name),
               format('ALTER TRIGGER %I ON %s RENAME TO %I', t.tgname, name, p.tgname)
          FROM tree c
          JOIN pg_trigger t ON t.tgrelid = c.oid
          JOIN pg_trigger p ON p.oid = t.tgparentid AND p.tgname <> t.tgname
         WHERE NOT {ofForeignKey}
        UNION ALL
        SELECT format('trigger %I has a comment of its own on partition %s, or depends on an extension there', t.tgname, name),
               'COMMENT ON TRIGGER ... IS NULL, COMMENT ON CONSTRAINT ... IS NULL or ALTER TRIGGER ... NO DEPENDS ON EXTENSION'
          FROM tree c
          JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgparentid <> 0
         WHERE NOT {ofForeignKey}
           AND (obj_description(t.oid, 'pg_trigger') IS NOT NULL
                OR obj_description(t.tgconstraint, 'pg_constraint') IS NOT NULL
                OR EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid AND d.deptype = 'x'))
         ORDER BY 1
        """);

    private final Session session;
    private final TableModel table;
    private final PartitionTree tree;
    private final Findings findings;

    PartitionChecks(Session session, TableModel table, PartitionTree tree, Findings findings) {
        this.session = session;
        this.table = table;
        this.tree = tree;
        this.findings = findings;
    }

    /** Returns whether the change can be tried on a clone. */
    boolean check(AlterRequest request, AlterStatement statement) throws SQLException {
        int before = findings.problems(Strategy.SHADOW).size();
        checkRequest(request, statement);
        long oid = table.relation().oid();
        record Obstacle(String message, String remedy) {}
        for (Obstacle obstacle : session.query(
                OBSTACLES
                        .with("ours", Roles.mayBecome("c.relowner"))
                        .with("apart", SqlText.literal(APART))
                        .with("ofForeignKey", OF_FOREIGN_KEY),
                row -> new Obstacle(row.getString(1), row.getString(2)),
                oid,
                oid)) {
            findings.problem(ProblemCode.UNSUPPORTED_TABLE, obstacle.message(), obstacle.remedy());
        }
        if (tree.leaves().isEmpty()) {
            findings.problem(
                    ProblemCode.UNSUPPORTED_TABLE,
                    "partitioned table %s has no partition that holds rows".formatted(table.name()),
                    "Run the ALTER TABLE itself: there is nothing to rewrite");
        }
        tree.with(table).forEach(this::checkParts);
        for (TableModel partition : tree.tables()) {
            long below = partition.relation().oid();
            new MarkChecks(session, findings).check(below);
            boolean unused = new StatisticsChecks(session, findings, true).check(below);
        }
        return findings.problems(Strategy.SHADOW).size() == before;
    }

    private void checkRequest(AlterRequest request, AlterStatement statement) {
        if (request.targetDdl().isPresent()) {
            findings.problem(
                    ProblemCode.UNSUPPORTED_CHANGE,
                    "%s is partitioned, and can't be made anew by DDL of your own".formatted(table.name()),
                    "Give clauses of ALTER TABLE");
        }
        if (!request.columnOrder().isEmpty()) {
            findings.problem(
                    ProblemCode.UNSUPPORTED_CHANGE,
                    "%s is partitioned, and its columns can't be put in another order".formatted(table.name()),
                    "Leave the columns' order out");
        }
        if (statement.only()) {
            findings.problem(
                    ProblemCode.UNSUPPORTED_CHANGE,
                    "ALTER TABLE ONLY leaves out the partitions of %s".formatted(table.name()),
                    "Leave ONLY out; run by yourself what concerns the partitioned table alone");
        }
    }

    private void checkParts(TableModel part) {
        part.constraints().stream()
                .filter(Constraint::isForNewRowsOnly)
                .forEach(constraint -> findings.problem(
                        ProblemCode.UNSUPPORTED_TABLE,
                        "constraint %s of %s is not valid or not enforced".formatted(constraint.name(), part.name()),
                        "VALIDATE it or drop it, and add it again after the migration"));
        for (Index index : part.indexes()) {
            if (index.marks().partitioned() && !index.valid()) {
                findings.problem(
                        ProblemCode.UNSUPPORTED_TABLE,
                        "index %s of %s is not complete: partitions have no part of it"
                                .formatted(index.name(), part.name()),
                        "Attach an index of each partition (ALTER INDEX ... ATTACH PARTITION), or drop it");
            }
            if (index.marks().partitioned()
                    && index.constraint().isPresent()
                    && !index.options().isEmpty()) {
                findings.problem(
                        ProblemCode.UNSUPPORTED_TABLE,
                        "constraint %s of the partitioned table has storage parameters, which walshift can't give it"
                                .formatted(index.name()),
                        "ALTER INDEX ... RESET, and set them again after the migration");
            }
        }
    }
}
