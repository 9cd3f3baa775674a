package dev.walshift.engine.plan;

import dev.walshift.engine.table.OwnedSequence;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The sequences that the swap hands over. */
final class SequenceHandover {
    /** By how much a sequence can count. */
    private static final List<SqlText> TYPES =
            List.of(new SqlText("smallint"), new SqlText("integer"), new SqlText("bigint"));

    /** Changes the bounds too, where they are the old type's own (sequence.c: init_params). */
    private static final SqlTemplate WIDEN = SqlTemplate.of("ALTER SEQUENCE {sequence} AS {type}");

    private final AlteredClone clone;

    SequenceHandover(AlteredClone clone) {
        this.clone = clone;
    }

    List<OwnedSequence> sequences() {
        List<OwnedSequence> owned = new ArrayList<>();
        for (ColumnSequence sequence : clone.source().sequences()) {
            clone.targetOf(sequence.column())
                    .flatMap(target -> owned(sequence, target))
                    .ifPresent(owned::add);
        }
        return owned;
    }

    private Optional<OwnedSequence> owned(ColumnSequence sequence, Column target) {
        if (!sequence.identity()) {
            return Optional.of(new OwnedSequence(
                    sequence.name(),
                    OwnedSequence.Kind.SERIAL,
                    sequence.name(),
                    sequence.column(),
                    target.name(),
                    widening(sequence, target),
                    false));
        }
        return clone.after()
                .identityOf(target.name())
                .map(shadow -> new OwnedSequence(
                        sequence.name(),
                        OwnedSequence.Kind.IDENTITY,
                        shadow.name(),
                        sequence.column(),
                        target.name(),
                        Optional.empty(),
                        false));
    }

    /** A serial's sequence stays as narrow as it was when its column is widened, and would run dry. */
    private static Optional<SqlText> widening(ColumnSequence sequence, Column target) {
        return TYPES.indexOf(target.type()) > TYPES.indexOf(sequence.type())
                ? Optional.of(new SqlText(WIDEN.with("sequence", sequence.name())
                        .with("type", target.type())
                        .sql()))
                : Optional.empty();
    }
}
