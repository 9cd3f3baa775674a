package dev.walshift.engine.rules;

import dev.walshift.postgres.Session;
import dev.walshift.testkit.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Writers that insert one row a transaction, and whose commits wait for the standby. No row is written twice, so that none that is
 * lost comes back by a later change.
 */
final class SlowInserts implements AutoCloseable {
    private final TestDatabase database;
    private final AtomicInteger next;
    private final List<Background<Boolean>> writers = new ArrayList<>();
    private volatile boolean stopped;

    private SlowInserts(TestDatabase database, AtomicInteger next) {
        this.database = database;
        this.next = next;
    }

    /** @param next key of the next row */
    static SlowInserts start(TestDatabase database, int writers, AtomicInteger next) {
        SlowInserts inserts = new SlowInserts(database, next);
        for (int i = 0; i < writers; i++) {
            inserts.writers.add(Background.run(inserts::write));
        }
        return inserts;
    }

    private void write() throws Exception {
        try (Session session = LateStandby.patient(database.connect())) {
            while (!stopped) {
                int key = next.getAndIncrement();
                session.execute(Scene.sql(FatRows.insert(key, key)));
            }
        }
    }

    /** Waits for the last commits. */
    @Override
    public void close() throws Exception {
        stopped = true;
        for (Background<Boolean> writer : writers) {
            writer.join();
        }
    }
}
