package dev.walshift.testkit.fault;

/** What a {@link FaultProxy} does with a client's message. */
public enum Verdict {
    FORWARD,
    /** The connection is reset, and the server never gets the message. */
    CUT,
    /** The server gets the message and acts on it; the connection is reset in the place of its answer. */
    CUT_ANSWER
}
