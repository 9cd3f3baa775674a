package dev.walshift.engine.table;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlText;
import java.util.Optional;

/**
 * A sequence that belongs to a column of the source and of the shadow.
 *
 * @param source the sequence that the application uses
 * @param kind whether the column is an identity, with a sequence of its own in the shadow, or a serial, whose sequence is
 *     handed over itself
 * @param shadow the shadow's identity sequence; the same as {@code source} for a serial
 * @param sourceColumn the column of the source that owns it before the swap
 * @param column the column of the shadow that owns it after the swap
 * @param widening makes a serial's sequence as wide as its column becomes, once the column is
 * @param released whether the migration has taken a serial's sequence from its column, so that it stays when the source moves
 */
public record OwnedSequence(
        QualifiedName source,
        Kind kind,
        QualifiedName shadow,
        Identifier sourceColumn,
        Identifier column,
        Optional<SqlText> widening,
        boolean released) {
    public enum Kind {
        IDENTITY,
        SERIAL
    }

    /** The same, taken from its column. */
    public OwnedSequence taken() {
        return new OwnedSequence(source, kind, shadow, sourceColumn, column, widening, true);
    }
}
