package dev.walshift.engine.migration;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.OwnedSequence;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/**
 * Hands a serial's sequence over by changing nothing but its owner, so that a value drawn by name is never drawn twice.
 *
 * <p>Before the swap and after it, never in it: nextval keeps a lock on the sequence until its transaction ends, and a transaction that
 * drew a value and then queues behind our lock on the table would wait for us while we wait for it.
 */
final class SerialSequences {
    private static final SqlTemplate RELEASE = SqlTemplate.of("ALTER SEQUENCE {sequence} OWNED BY NONE");
    private static final SqlTemplate OWN = SqlTemplate.of("ALTER SEQUENCE {sequence} OWNED BY {table}.{column}");
    private static final SqlTemplate OWNER =
            SqlTemplate.of("SELECT pg_get_serial_sequence({table}, ?)::regclass = {sequence}::regclass");

    private final LockRetry locks;
    private final StopSignal stop;

    SerialSequences(LockRetry locks, StopSignal stop) {
        this.locks = locks;
        this.stop = stop;
    }

    /**
     * Lets the source's serial sequences belong to nobody, so that they stay when the source moves. Can be done again.
     */
    void release(Session session, Blueprint table) throws SQLException {
        List<OwnedSequence> serials = serials(table);
        if (serials.isEmpty()) {
            return;
        }
        boolean unused =
                locks.run(session, "release the sequences of " + table.source().name(), stop, tx -> {
                    for (OwnedSequence sequence : serials) {
                        tx.execute(RELEASE.with("sequence", sequence.source()));
                    }
                    return true;
                });
    }

    /** After the swap: gives them to the new table, as wide as its columns. Can be done again. */
    void adopt(Session session, Blueprint table) throws SQLException {
        for (OwnedSequence sequence : serials(table)) {
            own(session, sequence, table.source().name(), sequence.column(), sequence.widening());
        }
    }

    /** Before the swap, when the migration is given up: gives them back to the source. Can be done again. */
    void giveBack(Session session, Blueprint table) throws SQLException {
        for (OwnedSequence sequence : serials(table)) {
            own(session, sequence, table.source().name(), sequence.sourceColumn(), Optional.empty());
        }
    }

    private void own(
            Session session, OwnedSequence sequence, QualifiedName table, Identifier column, Optional<SqlText> widening)
            throws SQLException {
        if (session.queryOne(
                OWNER.with("table", SqlText.literal(table.sql()))
                        .with("sequence", SqlText.literal(sequence.source().sql())),
                row -> row.getBoolean(1),
                column)) {
            return;
        }
        boolean unused = locks.run(session, "give sequence " + sequence.source() + " its owner", stop, tx -> {
            tx.execute(
                    OWN.with("sequence", sequence.source()).with("table", table).with("column", column));
            if (widening.isPresent()) {
                tx.execute(widening.get());
            }
            return true;
        });
    }

    private static List<OwnedSequence> serials(Blueprint table) {
        return table.sequences().stream()
                .filter(sequence -> sequence.kind() == OwnedSequence.Kind.SERIAL)
                .toList();
    }
}
