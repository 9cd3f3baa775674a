package dev.walshift.engine.model;

/** Somebody who does one step at a time, in an order that the schedule chooses. */
interface Actor {
    boolean canStep();

    /** Does the next step; returns what it was, for people. */
    String step();
}
