package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import java.util.List;

/**
 * A statement of the new table's DDL.
 *
 * @param sql as written
 * @param start index of its first character in the whole
 * @param needs relations and statistics that earlier statements must have made: another one of that name would be found by the role's
 *     search_path, and changed
 */
record TargetStatement(String sql, int start, List<Identifier> needs) {
    TargetStatement {
        needs = List.copyOf(needs);
    }
}
