package dev.walshift.engine.plan.dependents;

import static java.util.stream.Collectors.joining;

import dev.walshift.engine.Problem;
import dev.walshift.engine.plan.dependents.ForeignKey.Side;
import dev.walshift.engine.table.Dependents;
import dev.walshift.engine.table.RelationLock;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Foreign keys out of the table, into it and to itself: dropped in the swap, so that the retired table restricts nobody, and made anew for
 * the new table without looking at the rows, which is done after the swap.
 *
 * <p>Dropping one takes ACCESS EXCLUSIVE on both its tables (tablecmds.c, dropconstraint_internal), and on all their partitions, whose
 * triggers go with it (trigger.c, RemoveTriggerById); making one would be content with SHARE ROW EXCLUSIVE.
 */
final class ForeignKeyCarrier implements Carrier {
    private static final SqlTemplate ALL_OIDS = SqlTemplate.of("""
        SELECT oid::bigint FROM pg_constraint WHERE contype = 'f' AND ?::oid IN (conrelid, confrelid)
        """);

    /** Since then a row that moves to another partition is updated to the foreign keys that refer to it. */
    private static final int MOVES_ARE_UPDATES = 15;

    @Override
    public Carried carry(Session session, Subject subject, List<Dependent> found) throws SQLException {
        List<ForeignKey> present = ForeignKey.of(session, subject.oid());
        if (present.isEmpty()) {
            return Carried.NOTHING;
        }
        List<ForeignKey> wanted = subject.foreignKeys().map(ForeignKeys::after).orElse(present);
        List<TiedTable> others = TiedTable.of(session, subject.oid(), present);
        List<Problem> problems =
                new ArrayList<>(new ForeignKeyChecks(session, subject, present, wanted, others).problems());
        int major = session.serverMajor();
        List<ForeignKeyHandover> handovers = wanted.stream()
                .map(foreignKey -> new ForeignKeyHandover(foreignKey, major))
                .toList();
        Dependents dependents = new Dependents(
                locks(others),
                detach(present),
                handovers.stream().flatMap(it -> it.attach().stream()).toList(),
                handovers.stream()
                        .flatMap(it -> it.followUps(side -> family(subject, others, side)).stream())
                        .toList());
        return new Carried(
                answeredFor(session, subject, found), dependents, problems, notices(subject, wanted, others, major));
    }

    /** Also those of partitions, which come and go with their parent's. */
    private static Set<Dependent> answeredFor(Session session, Subject subject, List<Dependent> found)
            throws SQLException {
        Set<Long> all = new HashSet<>(session.query(ALL_OIDS, row -> row.getLong(1), subject.oid()));
        return new HashSet<>(found.stream()
                .filter(dependent -> dependent.kind() == Dependent.Kind.FOREIGN_KEY && all.contains(dependent.oid()))
                .toList());
    }

    private static List<RelationLock> locks(List<TiedTable> others) {
        return others.stream()
                .map(other -> other.referencing()
                        ? RelationLock.of(other.name())
                        : RelationLock.of(other.name()).behindSource())
                .toList();
    }

    private static List<SqlText> detach(List<ForeignKey> present) {
        return present.stream().map(ForeignKey::drop).toList();
    }

    /** Names of one of the two tables and of those below it, after the swap. */
    private static List<QualifiedName> family(Subject subject, List<TiedTable> others, ForeignKey.Side side) {
        return side.oid() == subject.oid()
                ? Stream.concat(Stream.of(subject.name()), subject.partitions().stream())
                        .toList()
                : others.stream()
                        .filter(other -> other.root() == side.oid())
                        .map(TiedTable::name)
                        .toList();
    }

    private static List<String> notices(Subject subject, List<ForeignKey> wanted, List<TiedTable> others, int major) {
        List<String> notices = new ArrayList<>();
        if (!others.isEmpty()) {
            notices.add("the swap locks what foreign keys tie to the table too, as briefly as the table itself: "
                    + others.stream().map(other -> other.name().sql()).collect(joining(", ")));
        }
        wanted.stream()
                .filter(foreignKey -> new ForeignKeyHandover(foreignKey, major).isByLeaf())
                .map(foreignKey ->
                        "foreign key %s of table %s is validated partition by partition after the swap; to make it the whole table's then, both its tables are locked once more, as briefly"
                                .formatted(
                                        foreignKey.name(),
                                        foreignKey.referencing().table()))
                .forEach(notices::add);
        subject.foreignKeys()
                .map(ForeignKeys::before)
                .ifPresent(before -> wanted.stream()
                        .filter(foreignKey -> foreignKey.referenced().oid() == subject.oid())
                        .forEach(foreignKey -> {
                            notices.addAll(narrow(foreignKey, before));
                            if (major < MOVES_ARE_UPDATES) {
                                notices.addAll(moving(foreignKey, before));
                            }
                        }));
        return notices;
    }

    /** That rows which it refers to will move between partitions, as they do not now. */
    private static List<String> moving(ForeignKey foreignKey, List<ForeignKey> before) {
        boolean plainBefore = before.stream()
                .filter(was -> was.isSameAs(foreignKey))
                .noneMatch(was -> was.referenced().partitioned());
        return plainBefore && foreignKey.referenced().partitioned()
                ? List.of(
                        "before PostgreSQL 15 an UPDATE that moves a row to another partition is a DELETE to foreign key %s of table %s, as is its ON DELETE action"
                                .formatted(
                                        foreignKey.name(),
                                        foreignKey.referencing().table()))
                : List.of();
    }

    /** Types that were the same before the change, and are not after it. */
    private static List<String> narrow(ForeignKey foreignKey, List<ForeignKey> before) {
        Side referencing = foreignKey.referencing();
        Side referenced = foreignKey.referenced();
        boolean differedBefore = before.stream()
                .filter(was -> was.isSameAs(foreignKey))
                .anyMatch(was ->
                        !was.referencing().types().equals(was.referenced().types()));
        return differedBefore
                ? List.of()
                : Stream.iterate(0, i -> i < referencing.columns().size(), i -> i + 1)
                        .filter(i -> !referencing
                                .types()
                                .get(i)
                                .equals(referenced.types().get(i)))
                        .map(i -> "referencing column %s.%s is still %s, and what it references becomes %s"
                                .formatted(
                                        referencing.table(),
                                        referencing.columns().get(i).sql(),
                                        referencing.types().get(i),
                                        referenced.types().get(i)))
                        .toList();
    }
}
