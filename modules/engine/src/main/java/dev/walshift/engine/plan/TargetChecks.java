package dev.walshift.engine.plan;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.table.ReplicaIdentity;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is found wrong only with a table that the operator's own DDL made. */
final class TargetChecks {
    /** Parts of the source that go away with it. */
    private static final SqlTemplate BOUND_TO_SOURCE = SqlTemplate.of("""
        WITH leaves_with_source(classid, objid) AS (
             SELECT 'pg_class'::regclass, c.oid FROM pg_class c WHERE c.oid = ?::oid
             UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_type t JOIN pg_class c ON c.oid = ?::oid
                        WHERE t.oid = c.reltype OR t.oid = (SELECT y.typarray FROM pg_type y WHERE y.oid = c.reltype)
             UNION ALL SELECT 'pg_class'::regclass, s.objid
                         FROM pg_depend s
                         JOIN pg_attribute a ON a.attrelid = s.refobjid AND a.attnum = s.refobjsubid
                        WHERE s.classid = 'pg_class'::regclass AND s.refclassid = 'pg_class'::regclass AND s.refobjid = ?::oid
                          AND (s.deptype = 'i' OR (s.deptype = 'a' AND a.attname <> ALL (?::text[]))))
        SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), pg_describe_object(l.classid, l.objid, 0)
          FROM pg_depend d
          JOIN leaves_with_source l ON l.classid = d.refclassid AND l.objid = d.refobjid
          LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
          LEFT JOIN pg_constraint o ON d.classid = 'pg_constraint'::regclass AND o.oid = d.objid
          JOIN pg_class c ON c.oid = CASE d.classid WHEN 'pg_class'::regclass THEN d.objid
                                                    WHEN 'pg_attrdef'::regclass THEN a.adrelid
                                                    WHEN 'pg_constraint'::regclass THEN o.conrelid END
         WHERE c.relnamespace = (SELECT t.relnamespace FROM pg_class t WHERE t.oid = ?::oid)
         ORDER BY 1
        """);

    private final Session session;
    private final AlteredClone clone;
    private final Findings findings;

    TargetChecks(Session session, AlteredClone clone, Findings findings) {
        this.session = session;
        this.clone = clone;
        this.findings = findings;
    }

    void check() throws SQLException {
        if (clone.tree().isPartitioned() && clone.tree().leaves().isEmpty()) {
            findings.problem(
                    ProblemCode.WRONG_STATEMENT,
                    "the new table is partitioned, but has no partition",
                    "Add CREATE TABLE ... PARTITION OF ... to the file");
        }
        checkIndexes();
        checkSequences();
        checkBonds();
        noticeKey();
        noticeReplicaIdentity();
    }

    private void checkIndexes() {
        List<TableModel> tables = new ArrayList<>(List.of(clone.after()));
        tables.addAll(clone.tree().tables());
        for (TableModel table : tables) {
            for (Index index : table.indexes()) {
                if (!index.valid()) {
                    findings.problem(
                            ProblemCode.WRONG_STATEMENT,
                            "index %s of the new table is not complete: partitions have no part of it"
                                    .formatted(index.name()),
                            "Create it without ONLY, or attach an index of each partition (ALTER INDEX ... ATTACH"
                                    + " PARTITION)");
                }
                if (index.marks().partitioned()
                        && index.constraint().isPresent()
                        && !index.options().isEmpty()) {
                    findings.problem(
                            ProblemCode.UNSUPPORTED_CHANGE,
                            "constraint %s of the partitioned table has storage parameters, which walshift can't give it"
                                    .formatted(index.name()),
                            "Leave them out, or give each partition a constraint of its own with them, and attach its"
                                    + " index (ALTER INDEX ... ATTACH PARTITION)");
                }
            }
        }
    }

    /**
     * A sequence that begins anew would give values that rows have already; and to draw from a serial's takes a right that to draw from an
     * identity's does not.
     */
    private void checkSequences() {
        for (ColumnSequence sequence : clone.after().sequences()) {
            Optional<Column> from = clone.source().column(sequence.column());
            Optional<ColumnSequence> now = clone.source().sequenceOf(sequence.column());
            boolean goesOn =
                    sequence.identity() && now.filter(ColumnSequence::identity).isPresent();
            if (from.isPresent() && !goesOn) {
                findings.problem(
                        ProblemCode.UNSUPPORTED_CHANGE,
                        "column %s of the new table draws from a sequence of its own, which would begin among the values that rows have already"
                                .formatted(sequence.column()),
                        now.map(TargetChecks::goOn)
                                .orElse("Leave it out, or make it after the migration with a START WITH above them"));
            }
        }
    }

    private static String goOn(ColumnSequence present) {
        return present.identity()
                ? "Make it an identity column, as it is now: it goes on with the value that was reached"
                : "Let the present sequence go on: DEFAULT nextval(%s)"
                        .formatted(SqlText.literal(present.name().sql()));
    }

    private void checkBonds() throws SQLException {
        String[] kept = clone.after().columns().stream()
                .map(column -> column.name().name())
                .toArray(String[]::new);
        long source = clone.source().relation().oid();
        record Bond(String from, String to) {}
        for (Bond bond : session.query(
                BOUND_TO_SOURCE,
                row -> new Bond(row.getString(1), row.getString(2)),
                source,
                source,
                source,
                kept,
                clone.after().relation().oid())) {
            findings.problem(
                    ProblemCode.UNSUPPORTED_CHANGE,
                    "%s of the new table depends on %s, which goes away with the present one"
                            .formatted(bond.from(), bond.to()),
                    "Let it depend on something that stays; a column that takes the place of an identity column is to"
                            + " be an identity itself, and goes on with the value that was reached");
        }
    }

    private void noticeKey() {
        if (!clone.tree().isPartitioned()) {
            return;
        }
        for (Index index : clone.source().indexes()) {
            boolean was = index.unique() && index.valid() && !index.keyColumns().isEmpty();
            boolean is = clone.after().indexes().stream()
                    .anyMatch(now -> now.unique() && now.keySet().equals(index.keySet()));
            if (was
                    && !is
                    && index.keyColumns().stream()
                            .allMatch(name -> clone.targetOf(name).isPresent())) {
                findings.notice("nothing in the new table makes %s unique any more, as %s does now"
                        .formatted(index.keyColumns(), index.name()));
            }
        }
    }

    private void noticeReplicaIdentity() {
        ReplicaIdentity identity = clone.source().relation().replicaIdentity();
        if (identity.kind() == ReplicaIdentity.Kind.INDEX) {
            findings.notice("the replica identity is index %s now; the new table has its primary key for that"
                    .formatted(identity.index().orElseThrow()));
        }
    }
}
