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
            Optional<Column> target = clone.targetOf(sequence.column());
            if (target.isEmpty()) {
                continue;
            }
            if (!sequence.identity()) {
                owned.add(new OwnedSequence(
                        sequence.name(),
                        OwnedSequence.Kind.SERIAL,
                        sequence.name(),
                        target.orElseThrow().name()));
                continue;
            }
            clone.after()
                    .identityOf(target.orElseThrow().name())
                    .ifPresent(shadow -> owned.add(new OwnedSequence(
                            sequence.name(),
                            OwnedSequence.Kind.IDENTITY,
                            shadow.name(),
                            target.orElseThrow().name())));
        }
        return owned;
    }

    /** A serial's sequence stays as narrow as it was when its column is widened, and would run dry. */
    List<SqlText> widenings() {
        List<SqlText> statements = new ArrayList<>();
        for (ColumnSequence sequence : clone.source().sequences()) {
            Optional<SqlText> type = clone.targetOf(sequence.column()).map(Column::type);
            if (!sequence.identity()
                    && type.isPresent()
                    && TYPES.indexOf(type.orElseThrow()) > TYPES.indexOf(sequence.type())) {
                statements.add(new SqlText(WIDEN.with("sequence", sequence.name())
                        .with("type", type.orElseThrow())
                        .sql()));
            }
        }
        return statements;
    }
}
