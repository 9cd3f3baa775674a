package dev.walshift.engine.sync;

/**
 * One entry of the key log.
 *
 * @param id its row id
 * @param line the key as a line of COPY's text format, just as the server wrote it
 */
record LoggedKey(long id, String line) {}
