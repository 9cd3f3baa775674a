package dev.walshift.engine.sync;

import java.util.List;

/**
 * A key that waits in a stretch of the key log, however often.
 *
 * @param line the key as a line of COPY's text format, just as the server wrote it
 * @param ids the row ids of its entries
 */
record LoggedKey(String line, List<Long> ids) {
    static List<String> lines(List<LoggedKey> keys) {
        return keys.stream().map(LoggedKey::line).toList();
    }

    static List<Long> ids(List<LoggedKey> keys) {
        return keys.stream().flatMap(key -> key.ids().stream()).toList();
    }
}
