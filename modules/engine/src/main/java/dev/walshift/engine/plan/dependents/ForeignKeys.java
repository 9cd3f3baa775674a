package dev.walshift.engine.plan.dependents;

import java.util.List;

/**
 * The foreign keys out of a table, into it and to itself, and what an ALTER makes of them; under the names of the real tables.
 *
 * @param after also those that the server made anew, with another type
 */
public record ForeignKeys(List<ForeignKey> before, List<ForeignKey> after) {
    public ForeignKeys {
        before = List.copyOf(before);
        after = List.copyOf(after);
    }

    /** Whether the ALTER wants one to hold for every row that was not known to: every row would have to be looked at. */
    public boolean isCheckWanted() {
        return after.stream()
                .filter(ForeignKey::validated)
                .anyMatch(now -> before.stream().noneMatch(was -> was.validated() && was.isSameAs(now)));
    }
}
