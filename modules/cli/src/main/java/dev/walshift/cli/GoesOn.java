package dev.walshift.cli;

/**
 * A command that may have been given before and then goes on with what is under way: as long as the server was not asked, nobody knows
 * whether there is something.
 */
interface GoesOn {}
