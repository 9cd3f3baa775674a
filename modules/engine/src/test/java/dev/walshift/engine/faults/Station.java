package dev.walshift.engine.faults;

/** Where a {@link Hold} stops a migration. */
enum Station {
    // The numbers are the advisory locks that are waited for there; 0 where it is something else.
    /** Shadow and publication are there, slot and fence are not: an older transaction is waited for. */
    BEFORE_THE_FENCE(0),
    COPY(1),
    INDEX(2),
    CATCH_UP(3),
    VERIFY(4),
    /** All is ready, nothing of the source is locked: a transaction with an older snapshot is given way to. */
    BEFORE_THE_SWAP(0),
    /** The cutover queues behind a reader, again and again. */
    LOCK_QUEUE(0);

    private final int gate;

    Station(int gate) {
        this.gate = gate;
    }

    int gate() {
        return gate;
    }
}
