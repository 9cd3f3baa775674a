package dev.walshift.engine.table;

import dev.walshift.postgres.SqlText;
import java.util.List;

/**
 * What is done after the swap, in a transaction of its own, beside the application.
 *
 * @param what for messages and progress: "validate foreign key ... of ..."
 * @param due a query of one boolean: whether it is still to be done. It makes a follow-up repeatable, and harmless once somebody dropped
 *     what it is about
 * @param locks what {@code statement} locks, taken before it in this order; plain autovacuums of these tables have to give way. One that stops
 *     reads or writes is held for a change of the catalog only
 * @param statement looks at no row while it holds a lock that stops reads or writes
 */
public record FollowUp(String what, SqlText due, List<RelationLock> locks, SqlText statement) {
    public FollowUp {
        locks = List.copyOf(locks);
    }
}
