package dev.walshift.benchmark;

import java.io.IOException;
import java.sql.SQLException;

/** Somebody who changes table {@code t}. */
interface Contender {
    String name();

    /** Does it, and returns when it is done. */
    void run(Arena arena, Dataset dataset) throws SQLException, IOException, InterruptedException;
}
