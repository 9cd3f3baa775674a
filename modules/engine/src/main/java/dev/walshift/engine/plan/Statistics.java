package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlText;
import java.util.Optional;

/**
 * An extended statistics object.
 *
 * @param definition what stands between its name and FROM
 * @param target if one was chosen
 */
record Statistics(
        QualifiedName name, Identifier owner, SqlText definition, Optional<Integer> target, Optional<String> comment) {

    /** The same in another schema. */
    Statistics in(Identifier schema) {
        return new Statistics(name.in(schema), owner, definition, target, comment);
    }
}
