package dev.walshift.engine.journal;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.table.XidFence;

/** Where a migration stands. Saved in the journal before it is acted on, and exactly what a restarted process needs. */
public sealed interface MigrationState {
    /** Objects are being made; nothing in them is worth keeping. */
    record Preparing() implements MigrationState {}

    /** Publication, slot and fence exist; rows older than the fence are being copied. */
    record Copying(XidFence fence) implements MigrationState {}

    /** All rows older than the fence are in the shadow, which has not all of its indexes yet. */
    record Indexing() implements MigrationState {}

    /** The shadow is complete; changed keys are applied. */
    record CatchingUp() implements MigrationState {}

    /** Written by the swap's own transaction, so a restarted process reads it and never guesses. */
    record Swapped() implements MigrationState {}

    /** Done; nothing of ours is left but the retired table, if it was wanted. */
    record Finished() implements MigrationState {}

    /**
     * Source and shadow differ. The shadow, the key log and a table of the differences are kept until somebody has seen them and gives the
     * migration up; publication and slot are not.
     */
    record Differs(String problem, String remedy) implements MigrationState {}

    /** Given up; what it made is being removed, so that nothing may go on from here but the removal. */
    record Removing(ProblemCode code, String problem, String remedy) implements MigrationState {}

    /** Given up and cleaned up; the source is untouched. */
    record Failed(ProblemCode code, String problem, String remedy) implements MigrationState {}

    /** Whether nothing remains to be done. */
    default boolean isEnd() {
        return switch (this) {
            case Finished finished -> true;
            case Failed failed -> true;
            case Removing removing -> false;
            case Preparing preparing -> false;
            case Copying copying -> false;
            case Indexing indexing -> false;
            case CatchingUp catchingUp -> false;
            case Differs differs -> false;
            case Swapped swapped -> false;
        };
    }

    /** The legal moves. Copying may be begun again when the source was rewritten; a failure may come at any time before the swap. */
    default boolean mayBecome(MigrationState next) {
        return switch (this) {
            case Preparing preparing -> next instanceof Copying || next instanceof Finished || next instanceof Removing;
            case Copying copying -> next instanceof Copying || next instanceof Indexing || next instanceof Removing;
            case Indexing indexing -> next instanceof CatchingUp || next instanceof Copying || next instanceof Removing;
            case CatchingUp catchingUp ->
                next instanceof Swapped
                        || next instanceof Copying
                        || next instanceof Differs
                        || next instanceof Removing;
            case Differs differs -> next instanceof Removing;
            case Swapped swapped -> next instanceof Finished;
            case Removing removing -> next instanceof Removing || next instanceof Failed;
            case Finished finished -> false;
            case Failed failed -> false;
        };
    }
}
