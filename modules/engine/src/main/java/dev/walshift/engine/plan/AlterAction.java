package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import java.util.List;
import java.util.Optional;

/**
 * One action of an ALTER TABLE, such as {@code ADD COLUMN x int}.
 *
 * @param clause which of the operator's clauses it is from, counted from 0
 * @param start index in that clause of its first character
 * @param sql the action as written, with the USING that was given apart from it
 * @param rename whether the server wants it as a statement of its own
 * @param constraint the constraint it drops, renames or alters
 * @param typeChange what it does, if it is ALTER COLUMN ... TYPE
 */
record AlterAction(
        int clause,
        int start,
        String sql,
        boolean rename,
        Optional<Identifier> constraint,
        Optional<Renaming> renaming,
        Optional<TypeChange> typeChange) {

    /** RENAME COLUMN. */
    record Renaming(Identifier from, Identifier to) {}

    /** ALTER COLUMN ... TYPE. */
    record TypeChange(Identifier column, Optional<Using> using) {}

    /**
     * What follows USING.
     *
     * @param literal whether it is a bare literal, which has no type until it is cast
     */
    record Using(String sql, boolean literal) {

        static Using of(String clause, List<SqlToken> tokens) {
            String sql =
                    clause.substring(tokens.getFirst().start(), tokens.getLast().end());
            return new Using(sql, isLiteral(tokens));
        }

        private static boolean isLiteral(List<SqlToken> tokens) {
            List<SqlToken> inner = tokens.stream()
                    .filter(token -> !token.is('(') && !token.is(')'))
                    .toList();
            return inner.size() == 1
                    && (inner.getFirst().is("NULL") || inner.getFirst().kind() == SqlToken.Kind.STRING);
        }
    }

    /** The same with a USING from elsewhere. */
    AlterAction withUsing(Using using) {
        TypeChange change = new TypeChange(typeChange.orElseThrow().column(), Optional.of(using));
        return new AlterAction(
                clause,
                start,
                "%s USING %s".formatted(sql, using.sql()),
                rename,
                constraint,
                renaming,
                Optional.of(change));
    }
}
