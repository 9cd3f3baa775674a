package dev.walshift.engine.model;

/** The rules that make a migration exact; each can be taken out of {@link Migrator} and {@link Pump}. */
enum Rule {
    /** A key is applied only by a snapshot that sees its transaction: {@code KeyReader}. */
    VISIBILITY_CHECK,
    /** The copy begins when every transaction older than the fence has ended: {@code Setup.awaitPassed}. */
    FENCE_WAIT,
    /** A step waits until the stream has passed a marker: {@code ChangePump.mark}. */
    MARKER,
    /** The marker is committed after the step's snapshot was taken: {@code ExactStep.inSnapshot}. */
    MARKER_AFTER_SNAPSHOT,
    /** The fence is an xid of our own, not a snapshot's xmax: {@code Journal.drawFence}. */
    FENCE_IS_OWN_XID,
    /** The fence is drawn when the slot exists: {@code Setup}. */
    SLOT_BEFORE_FENCE,
    /** Pages are counted when the fence is passed, not before the slot is made: {@code Setup.beginCopy}. */
    PAGES_COUNTED_LAST,
    /** Applied keys leave the log by row id, never by key: {@code KeyLog.remove}. */
    REMOVAL_BY_ROW_ID,
    /** Keys are durable in the log before the slot is told so: {@code ChangePump.write}. */
    DURABLE_BEFORE_CONFIRMED
}
