package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.plan.dependents.ForeignKey.Leaf;
import dev.walshift.engine.table.FollowUp;
import dev.walshift.engine.table.RelationLock;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * How a foreign key is made in the swap without a look at the rows, and checked after it.
 *
 * <p>Before PostgreSQL 18 a partitioned table takes no NOT VALID one (tablecmds.c, ATAddForeignKeyConstraint). There, and where partitions call
 * their parts of it otherwise than the whole table, each partition that holds rows gets its own in the swap, which is checked by itself, and the whole table's is made last: the server takes valid equal ones of the
 * partitions for parts of it, and looks at no row (tryAttachPartitionForeignKey). So it drops their triggers on the referenced table, for which
 * it wants ACCESS EXCLUSIVE there.
 */
final class ForeignKeyHandover {
    /** Since then a partitioned table may have a NOT VALID one. */
    private static final int NOT_VALID_ON_PARTITIONED = 18;

    private static final SqlTemplate DUE = SqlTemplate.of("""
        SELECT NOT convalidated AND COALESCE((to_jsonb(c) ->> 'conenforced')::boolean, true)
          FROM pg_constraint c
         WHERE c.contype = 'f' AND c.conrelid = to_regclass({table}) AND c.conname = {name}
        """);
    private static final SqlTemplate VALIDATE = SqlTemplate.of("ALTER TABLE {table} VALIDATE CONSTRAINT {name}");

    /**
     * Not while a partition's own is not valid, or the server would look at all its rows under its lock; nor once somebody dropped it there, for
     * the same reason.
     */
    private static final SqlTemplate JOIN_DUE = SqlTemplate.of("""
        SELECT NOT EXISTS (SELECT FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid = t.oid AND c.conname = {name})
               AND NOT EXISTS (
                   SELECT FROM (VALUES {leaves}) AS leaf(name, part)
                     JOIN pg_class l ON l.oid = to_regclass(leaf.name) AND l.relispartition
                    WHERE NOT EXISTS (SELECT FROM pg_constraint c
                                       WHERE c.contype = 'f' AND c.conrelid = l.oid AND c.conname = leaf.part AND c.convalidated))
          FROM pg_class t
         WHERE t.oid = to_regclass({table}) AND t.relkind = 'p'
        """);

    private static final SqlTemplate LEAF = SqlTemplate.of("({table}, {name})");
    /** VALUES wants one row at least. */
    private static final SqlTemplate NO_LEAF = SqlTemplate.of("(NULL, NULL)");

    private final ForeignKey foreignKey;
    private final boolean byLeaf;

    /** @param serverMajor the server's major version */
    ForeignKeyHandover(ForeignKey foreignKey, int serverMajor) {
        this.foreignKey = foreignKey;
        boolean ownNames =
                foreignKey.leaves().stream().anyMatch(leaf -> !leaf.name().equals(foreignKey.name()));
        this.byLeaf = foreignKey.referencing().partitioned()
                && (!canBeNotValid(true, serverMajor) || (foreignKey.validated() && ownNames));
    }

    /** Whether a referencing table can have a NOT VALID one. */
    static boolean canBeNotValid(boolean partitioned, int serverMajor) {
        return !partitioned || serverMajor >= NOT_VALID_ON_PARTITIONED;
    }

    /** Whether single partitions have it at first. */
    boolean isByLeaf() {
        return byLeaf;
    }

    /** Statements of the swap. */
    List<SqlText> attach() {
        return byLeaf
                ? foreignKey.leaves().stream()
                        .map(foreignKey::createUncheckedOn)
                        .toList()
                : foreignKey.createUnchecked();
    }

    /**
     * What remains to be done after the swap.
     *
     * @param family tells the name of one of its two tables and of those below it, as they are after the swap
     */
    List<FollowUp> followUps(Function<ForeignKey.Side, List<QualifiedName>> family) {
        if (!foreignKey.validated()) {
            return List.of();
        }
        if (!byLeaf) {
            QualifiedName table = foreignKey.referencing().table();
            return List.of(validation(table, foreignKey.name(), family.apply(foreignKey.referencing())));
        }
        List<FollowUp> followUps = new ArrayList<>();
        for (Leaf leaf : foreignKey.leaves()) {
            followUps.add(validation(leaf.table(), leaf.name(), List.of(leaf.table())));
        }
        followUps.add(join(family));
        return followUps;
    }

    private static FollowUp validation(QualifiedName table, Identifier name, List<QualifiedName> locked) {
        return new FollowUp(
                "validate foreign key %s of table %s".formatted(name, table),
                text(DUE.with("table", literal(table)).with("name", literal(name))),
                locked.stream().map(RelationLock::besideWriters).toList(),
                text(VALIDATE.with("table", table).with("name", name)));
    }

    private FollowUp join(Function<ForeignKey.Side, List<QualifiedName>> family) {
        QualifiedName table = foreignKey.referencing().table();
        // As somebody who inserts comes to them.
        Stream<RelationLock> locks = foreignKey.isSelfReference()
                ? family.apply(foreignKey.referencing()).stream().map(RelationLock::of)
                : Stream.concat(
                        family.apply(foreignKey.referencing()).stream().map(RelationLock::againstWriters),
                        family.apply(foreignKey.referenced()).stream().map(RelationLock::of));
        return new FollowUp(
                "make foreign key %s of partitioned table %s from those of its partitions"
                        .formatted(foreignKey.name(), table),
                text(JOIN_DUE.with("name", literal(foreignKey.name()))
                        .with("leaves", leaves())
                        .with("table", literal(table))),
                locks.toList(),
                SqlText.join("; ", foreignKey.create()));
    }

    private SqlText leaves() {
        List<SqlTemplate> leaves = new ArrayList<>(List.of(NO_LEAF));
        for (Leaf leaf : foreignKey.leaves()) {
            leaves.add(LEAF.with("table", literal(leaf.table())).with("name", literal(leaf.name())));
        }
        return SqlText.list(leaves);
    }

    private static SqlText literal(QualifiedName table) {
        return SqlText.literal(table.sql());
    }

    private static SqlText literal(Identifier name) {
        return SqlText.literal(name.name());
    }

    private static SqlText text(SqlTemplate filled) {
        return new SqlText(filled.sql());
    }
}
