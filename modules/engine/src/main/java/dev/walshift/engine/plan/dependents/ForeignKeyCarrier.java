package dev.walshift.engine.plan.dependents;

import static java.util.stream.Collectors.joining;

import dev.walshift.engine.Problem;
import dev.walshift.engine.plan.dependents.ForeignKey.Side;
import dev.walshift.engine.table.Dependents;
import dev.walshift.engine.table.FollowUp;
import dev.walshift.engine.table.RelationLock;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
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

    private static final SqlTemplate DUE = SqlTemplate.of("""
        SELECT NOT convalidated AND COALESCE((to_jsonb(c) ->> 'conenforced')::boolean, true)
          FROM pg_constraint c
         WHERE c.contype = 'f' AND c.conrelid = to_regclass({table}) AND c.conname = {name}
        """);
    private static final SqlTemplate VALIDATE = SqlTemplate.of("ALTER TABLE {table} VALIDATE CONSTRAINT {name}");

    @Override
    public Carried carry(Session session, Subject subject, List<Dependent> found) throws SQLException {
        if (subject.isMadeByDdl()) {
            return Carried.NOTHING;
        }
        List<ForeignKey> present = ForeignKey.of(session, subject.oid());
        if (present.isEmpty()) {
            return Carried.NOTHING;
        }
        List<ForeignKey> wanted = subject.foreignKeys().map(ForeignKeys::after).orElse(present);
        List<TiedTable> others = TiedTable.of(session, subject.oid(), present);
        List<Problem> problems = new ArrayList<>(new ForeignKeyChecks(session, present, wanted, others).problems());
        return new Carried(
                answeredFor(session, subject, found),
                new Dependents(locks(others), detach(present), attach(wanted), followUps(wanted)),
                problems,
                notices(subject, wanted, others));
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

    private static List<SqlText> attach(List<ForeignKey> wanted) {
        return wanted.stream()
                .flatMap(foreignKey -> foreignKey.createUnchecked().stream())
                .toList();
    }

    private static List<FollowUp> followUps(List<ForeignKey> wanted) {
        return wanted.stream()
                .filter(ForeignKey::validated)
                .map(ForeignKeyCarrier::followUp)
                .toList();
    }

    private static FollowUp followUp(ForeignKey foreignKey) {
        QualifiedName table = foreignKey.referencing().table();
        return new FollowUp(
                "validate foreign key %s of table %s".formatted(foreignKey.name(), table),
                new SqlText(DUE.with("table", SqlText.literal(table.sql()))
                        .with("name", SqlText.literal(foreignKey.name().name()))
                        .sql()),
                new SqlText(VALIDATE.with("table", table)
                        .with("name", foreignKey.name())
                        .sql()),
                Optional.of(table));
    }

    private static List<String> notices(Subject subject, List<ForeignKey> wanted, List<TiedTable> others) {
        List<String> notices = new ArrayList<>();
        if (!others.isEmpty()) {
            notices.add("the swap locks what foreign keys tie to the table too, as briefly as the table itself: "
                    + others.stream().map(other -> other.name().sql()).collect(joining(", ")));
        }
        subject.foreignKeys()
                .map(ForeignKeys::before)
                .ifPresent(before -> wanted.stream()
                        .filter(foreignKey -> foreignKey.referenced().oid() == subject.oid())
                        .forEach(foreignKey -> notices.addAll(narrow(foreignKey, before))));
        return notices;
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
