package dev.walshift.engine.sync;

import java.util.List;

/**
 * What waits in a stretch of the key log.
 *
 * @param keys each once
 * @param entries how many entries these have together
 * @param last row id of the last one; 0 if there is none
 */
record LoggedKeys(List<LoggedKey> keys, int entries, long last) {}
