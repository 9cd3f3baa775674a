package dev.walshift.engine.table;

import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlText;
import java.util.Optional;

/**
 * What is done after the swap, in a transaction of its own, beside the application.
 *
 * @param what for messages and progress: "validate foreign key ... of ..."
 * @param due a query of one boolean: whether it is still to be done. It makes a follow-up repeatable, and harmless once somebody dropped
 *     what it is about
 * @param statement takes no lock that stops reads or writes
 * @param vacuumed the table whose plain autovacuum has to give way to it
 */
public record FollowUp(String what, SqlText due, SqlText statement, Optional<QualifiedName> vacuumed) {
    /** One that no vacuum is in the way of. */
    public FollowUp(String what, SqlText due, SqlText statement) {
        this(what, due, statement, Optional.empty());
    }
}
