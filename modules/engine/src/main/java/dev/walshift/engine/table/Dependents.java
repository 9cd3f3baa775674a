package dev.walshift.engine.table;

import dev.walshift.postgres.SqlText;
import java.util.List;
import java.util.stream.Stream;

/**
 * How what hangs on the source goes over to the new table. All names are final ones: of the source before anything moves, of the new table
 * after.
 *
 * @param prepare statements for the empty shadow, under the name that it has then
 * @param locks taken before or after the source's own, in this order
 * @param beside statements that make, over the finished shadow, what the swap only moves; in one transaction, which can be done again
 * @param detach statements for the swap's transaction, before anything moves
 * @param attach statements for the swap's transaction, once the new table has its name
 * @param followUps for after the swap, in this order
 */
public record Dependents(
        List<SqlText> prepare,
        List<RelationLock> locks,
        List<SqlText> beside,
        List<SqlText> detach,
        List<SqlText> attach,
        List<FollowUp> followUps) {
    public static final Dependents NONE = new Dependents(List.of(), List.of(), List.of(), List.of());

    /** With nothing to prepare. */
    public Dependents(List<RelationLock> locks, List<SqlText> detach, List<SqlText> attach, List<FollowUp> followUps) {
        this(List.of(), locks, List.of(), detach, attach, followUps);
    }

    /** With nothing to make beside the shadow. */
    public Dependents(
            List<SqlText> prepare,
            List<RelationLock> locks,
            List<SqlText> detach,
            List<SqlText> attach,
            List<FollowUp> followUps) {
        this(prepare, locks, List.of(), detach, attach, followUps);
    }

    public Dependents {
        prepare = List.copyOf(prepare);
        locks = List.copyOf(locks);
        beside = List.copyOf(beside);
        detach = List.copyOf(detach);
        attach = List.copyOf(attach);
        followUps = List.copyOf(followUps);
    }

    /** These, and then those: what is attached first is detached last. A relation is locked once. */
    public Dependents and(Dependents others) {
        return new Dependents(
                concat(prepare, others.prepare),
                Stream.concat(locks.stream(), others.locks.stream()).distinct().toList(),
                concat(beside, others.beside),
                concat(others.detach, detach),
                concat(attach, others.attach),
                concat(followUps, others.followUps));
    }

    private static <T> List<T> concat(List<T> first, List<T> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }
}
