package dev.walshift.engine.migration;

import dev.walshift.engine.Problem;
import dev.walshift.engine.pace.PaceMode;
import java.time.Instant;
import java.util.Optional;

/**
 * A migration as the journal and the server have it now.
 *
 * @param id its number
 * @param table the migrated table, quoted
 * @param statement what was asked for
 * @param state where it stands, as the journal calls it: PREPARING, COPYING, INDEXING, CATCHING_UP, DIFFERS, SWAPPED, FINISHED,
 *     REMOVING, FAILED
 * @param createdAt when it began
 * @param updatedAt when its state changed last
 * @param copied part of the table's pages that is copied, 0 to 1; only while it matters
 * @param rowsCopied rows copied; only while it matters
 * @param compared part of both tables' pages that verify has looked at, 0 to 1; only while it matters
 * @param keysWaiting changed keys that wait in the key log, at most this many
 * @param slotLagBytes WAL that its slot keeps on the server, if it has one
 * @param running whether a process works on it now
 * @param pace that it was told to take, if it was told
 * @param problem why it failed
 */
public record MigrationStatus(
        long id,
        String table,
        String statement,
        String state,
        Instant createdAt,
        Instant updatedAt,
        Optional<Double> copied,
        long rowsCopied,
        Optional<Double> compared,
        long keysWaiting,
        Optional<Long> slotLagBytes,
        boolean running,
        Optional<PaceMode> pace,
        Optional<Problem> problem) {}
