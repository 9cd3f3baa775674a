package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Whether foreign keys can be dropped and made anew: by the server, and by us. */
final class ForeignKeyChecks {
    private static final SqlTemplate ROLE = SqlTemplate.of("SELECT current_user");
    private static final SqlTemplate MAY_REFERENCE = SqlTemplate.of("""
        SELECT has_table_privilege(c.oid, 'REFERENCES')
               OR (SELECT bool_and(has_column_privilege(c.oid, k.name, 'REFERENCES')) FROM unnest(?::text[]) AS k(name))
          FROM pg_class c WHERE c.oid = ?::oid
        """);
    /** Columns of the partition key, those of its expressions too, depend on their table (heap.c, StorePartitionKey). */
    private static final SqlTemplate IS_PARTITIONED_BY = SqlTemplate.of("""
        WITH RECURSIVE tree(oid) AS (
             SELECT to_regclass({table})::oid
             UNION ALL
             SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid)
        SELECT EXISTS (
                   SELECT FROM tree t
                     JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = t.oid AND d.objsubid > 0
                                     AND d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.refobjsubid = 0
                                     AND d.deptype = 'i'
                     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.objsubid
                    WHERE a.attname = ANY (?::text[]))
        """);

    private static final int MAINTAIN_PRIVILEGE = 17;

    private final Session session;
    private final Subject subject;
    private final List<ForeignKey> present;
    private final List<ForeignKey> wanted;
    private final List<TiedTable> others;
    private final List<Problem> problems = new ArrayList<>();

    /**
     * @param present those to be dropped
     * @param wanted those to be made
     * @param others the tables beside the one that is migrated
     */
    ForeignKeyChecks(
            Session session,
            Subject subject,
            List<ForeignKey> present,
            List<ForeignKey> wanted,
            List<TiedTable> others) {
        this.session = session;
        this.subject = subject;
        this.present = present;
        this.wanted = wanted;
        this.others = others;
    }

    private record Circumstances(Identifier role, int major) {}

    List<Problem> problems() throws SQLException {
        Circumstances circumstances = new Circumstances(
                session.queryOne(ROLE, row -> new Identifier(row.getString(1))), session.serverMajor());
        for (ForeignKey foreignKey : present) {
            checkTriggers(foreignKey);
            checkComments(foreignKey);
            checkOwner(foreignKey, circumstances);
        }
        for (ForeignKey foreignKey : wanted) {
            checkPartitioned(foreignKey, circumstances.major());
            checkReferences(foreignKey, circumstances.role());
        }
        for (TiedTable other : others) {
            checkLock(other, circumstances);
        }
        return problems;
    }

    private void unsupported(String message, String remedy) {
        problems.add(new Problem(ProblemCode.UNSUPPORTED_DEPENDENT, message, remedy));
    }

    private void missing(String message, String remedy) {
        Problem problem = new Problem(ProblemCode.MISSING_PRIVILEGE, message, remedy);
        if (!problems.contains(problem)) {
            problems.add(problem);
        }
    }

    private static String describe(ForeignKey foreignKey) {
        return "foreign key %s of table %s"
                .formatted(foreignKey.name(), foreignKey.referencing().table());
    }

    /** The new ones would be enabled, and refuse what somebody wanted to get through. */
    private void checkTriggers(ForeignKey foreignKey) {
        if (!foreignKey.enabled()) {
            unsupported(
                    "triggers of %s are disabled, or set to REPLICA or ALWAYS, which this release does not carry over"
                            .formatted(describe(foreignKey)),
                    "Enable them for the time of the migration (ALTER TABLE ... ENABLE TRIGGER ALL), on both tables");
        }
    }

    private void checkComments(ForeignKey foreignKey) {
        if (foreignKey.annotated()) {
            unsupported(
                    "partitions have comments on their parts of %s, which this release does not carry over"
                            .formatted(describe(foreignKey)),
                    "COMMENT ON CONSTRAINT ... IS NULL on the partitions, and set them again after the migration");
        }
    }

    /** One that a single partition has can't send its rows to another. */
    private void checkPartitioned(ForeignKey foreignKey, int major) throws SQLException {
        if (!foreignKey.rewriting() || !new ForeignKeyHandover(foreignKey, major).isByLeaf()) {
            return;
        }
        ForeignKey.Side referencing = foreignKey.referencing();
        QualifiedName table =
                referencing.oid() == subject.oid() ? subject.probe().orElse(subject.name()) : referencing.table();
        if (session.queryOne(
                IS_PARTITIONED_BY.with("table", SqlText.literal(table.sql())), row -> row.getBoolean(1), (Object)
                        names(referencing.columns()))) {
            unsupported(
                    "%s changes columns that the table is partitioned by (ON UPDATE CASCADE, SET NULL or SET DEFAULT), which it can't between the swap and its validation: each partition has one of its own then (before PostgreSQL 18 always, since 18 if names differ), and no row could change its partition"
                            .formatted(describe(foreignKey)),
                    "Drop it and add it again after the migration, if that is acceptable");
        }
    }

    private static String[] names(List<Identifier> columns) {
        return columns.stream().map(Identifier::name).toArray(String[]::new);
    }

    private void checkOwner(ForeignKey foreignKey, Circumstances circumstances) {
        long referencing = foreignKey.referencing().oid();
        boolean byLeaf = new ForeignKeyHandover(foreignKey, circumstances.major()).isByLeaf();
        others.stream()
                .filter(table -> table.oid() == referencing || (byLeaf && table.root() == referencing))
                .filter(table -> !table.owned())
                .forEach(table -> missing(
                        "role %s does not own table %s, whose foreign key %s has to be made anew"
                                .formatted(circumstances.role(), table.name(), foreignKey.name()),
                        "GRANT %s TO %s"
                                .formatted(
                                        new Identifier(table.owner()).sql(),
                                        circumstances.role().sql())));
    }

    private Optional<TiedTable> other(long oid) {
        return others.stream().filter(table -> table.oid() == oid).findFirst();
    }

    private void checkReferences(ForeignKey foreignKey, Identifier role) throws SQLException {
        ForeignKey.Side referenced = foreignKey.referenced();
        Optional<TiedTable> other = other(referenced.oid());
        if (other.isEmpty()) {
            return;
        }
        if (!session.queryOne(MAY_REFERENCE, row -> row.getBoolean(1), names(referenced.columns()), referenced.oid())) {
            missing(
                    "role %s may not reference table %s, which foreign key %s does"
                            .formatted(role, referenced.table(), foreignKey.name()),
                    "GRANT REFERENCES ON %s TO %s".formatted(referenced.table(), role.sql()));
        }
    }

    private void checkLock(TiedTable other, Circumstances circumstances) {
        if (!other.reachable()) {
            missing(
                    "role %s may not use schema %s, where a foreign key ties table %s to the one that is changed"
                            .formatted(circumstances.role(), other.name().schema(), other.name()),
                    "GRANT USAGE ON SCHEMA %s TO %s"
                            .formatted(
                                    other.name().schema().sql(),
                                    circumstances.role().sql()));
        }
        if (!other.lockable()) {
            missing(
                    "role %s may not lock table %s, which the swap has to, since a foreign key ties it to the one that is changed"
                            .formatted(circumstances.role(), other.name()),
                    "GRANT %s ON %s TO %s"
                            .formatted(
                                    circumstances.major() < MAINTAIN_PRIVILEGE ? "UPDATE" : "MAINTAIN",
                                    other.name(),
                                    circumstances.role().sql()));
        }
    }
}
