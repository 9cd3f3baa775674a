package dev.walshift.benchmark;

import java.sql.SQLException;

/** PostgreSQL's own ALTER TABLE, under a lock that lets nobody read. */
final class BlockingAlter implements Contender {
    @Override
    public String name() {
        return "blocking ALTER TABLE";
    }

    @Override
    public void run(Arena arena, Dataset dataset) throws SQLException {
        arena.execute(Arena.DATABASE, "ALTER TABLE t " + dataset.change());
    }
}
