package dev.walshift.engine.index;

import dev.walshift.engine.StopSignal;
import dev.walshift.engine.Workers;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.DataRejected;
import dev.walshift.engine.table.IndexDefinition;
import dev.walshift.postgres.Database;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Gives the shadow its indexes and constraints, side by side, and, once it is filled, VACUUM (ANALYZE), so that the first queries after the
 * swap meet hint bits, a visibility map and statistics. What a killed predecessor built already is kept.
 *
 * <p>A build holds a snapshot and an xid for its whole time: until it ends the slot's restart_lsn and the xmin horizon stand still.
 */
public final class IndexBuilder {
    private static final SqlTemplate HAS_INDEX = SqlTemplate.of("""
        SELECT 1
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ? AND c.relname = ? AND c.relkind IN ('i', 'I')
        """);
    /** A constraint has the name of its index. */
    private static final SqlTemplate HAS_CONSTRAINT = SqlTemplate.of("""
        SELECT 1
          FROM pg_constraint o
          JOIN pg_class c ON c.oid = o.conindid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ? AND c.relname = ? AND o.contype IN ('p', 'u', 'x')
        """);

    private static final SqlTemplate TABLESPACE = SqlTemplate.of("SET LOCAL default_tablespace = {tablespace}");
    private static final SqlTemplate VACUUM = SqlTemplate.of("VACUUM (ANALYZE) {shadow}");

    /** The server's own workers of one build. */
    private static final SqlTemplate NO_WORKERS = SqlTemplate.of("SET LOCAL max_parallel_maintenance_workers = 0");

    private final Database database;
    private final Blueprint table;
    private final BooleanSupplier gently;
    private final AtomicInteger built = new AtomicInteger();

    /** @param gently whether one at a time, and by one process of the server: a build that is under way can't be slowed down */
    public IndexBuilder(Database database, Blueprint table, BooleanSupplier gently) {
        this.database = database;
        this.table = table;
        this.gently = gently;
    }

    /** The part that is done, 0 to 1, by number. */
    public double done() {
        return (double) built.get() / Math.max(1, table.indexes().size() + 1);
    }

    /**
     * Builds whatever is missing, and makes the shadow ready to be used.
     *
     * @throws dev.walshift.engine.StoppedException if stopped; a build under way is cancelled
     */
    public void run(int workers, StopSignal stop) throws SQLException {
        create(workers, stop);
        try (Session session = database.open("index")) {
            for (SqlText statement : table.finishing()) {
                session.execute(statement);
            }
            Workers.cancellable(session, stop, () -> session.execute(VACUUM.with("shadow", table.shadow())));
        }
        built.incrementAndGet();
    }

    /**
     * Builds whatever is missing, and no more.
     *
     * @throws dev.walshift.engine.StoppedException if stopped; a build under way is cancelled
     */
    public void create(int workers, StopSignal stop) throws SQLException {
        try {
            createIndexes(workers, stop);
            try (Session session = database.open("index")) {
                addConstraints(session, stop);
            }
        } catch (SQLException e) {
            throw DataRejected.explain(table, e);
        }
    }

    private void createIndexes(int workers, StopSignal stop) throws SQLException {
        ConcurrentLinkedQueue<List<IndexDefinition>> queue = new ConcurrentLinkedQueue<>(rows());
        int sessions = Math.min(gently.getAsBoolean() ? 1 : workers, queue.size());
        Workers.run(
                "index",
                stop,
                Collections.nCopies(sessions, signal -> {
                    try (Session session = database.open("index")) {
                        Optional<List<IndexDefinition>> next = Optional.ofNullable(queue.poll());
                        while (next.isPresent()) {
                            for (IndexDefinition index : next.get()) {
                                signal.check();
                                Workers.cancellable(session, signal, () -> create(session, index));
                            }
                            next = Optional.ofNullable(queue.poll());
                        }
                    }
                }),
                signal -> {});
    }

    /** What can be built side by side; where an index must come after another, both are in one row. */
    private List<List<IndexDefinition>> rows() {
        List<List<IndexDefinition>> rows = new ArrayList<>();
        Map<Identifier, IndexDefinition> later = new HashMap<>();
        for (IndexDefinition index : table.indexes()) {
            index.after().ifPresent(before -> later.put(before, index));
        }
        for (IndexDefinition first : table.indexes()) {
            if (first.after().isEmpty()) {
                rows.add(Stream.iterate(first, Objects::nonNull, index -> later.get(index.name()))
                        .filter(index -> index.create().isPresent())
                        .toList());
            }
        }
        return rows;
    }

    private void create(Session session, IndexDefinition index) throws SQLException {
        if (!exists(session, index)) {
            session.transact(tx -> {
                prepare(tx, index);
                tx.execute(index.create().orElseThrow());
            });
        }
        built.incrementAndGet();
    }

    private boolean exists(Session session, IndexDefinition index) throws SQLException {
        return isThere(session, HAS_INDEX, index);
    }

    private boolean isThere(Session session, SqlTemplate question, IndexDefinition index) throws SQLException {
        return session.queryFirst(question, row -> true, table.shadow().schema(), index.name())
                .isPresent();
    }

    /** One after the other: each needs ACCESS EXCLUSIVE on the shadow. */
    private void addConstraints(Session session, StopSignal stop) throws SQLException {
        for (IndexDefinition index : table.indexes()) {
            if (index.constraint().isEmpty() || isThere(session, HAS_CONSTRAINT, index)) {
                continue;
            }
            stop.check();
            Workers.cancellable(
                    session,
                    stop,
                    () -> session.transact(tx -> {
                        prepare(tx, index);
                        tx.execute(index.constraint().orElseThrow());
                    }));
            if (index.create().isEmpty()) {
                built.incrementAndGet();
            }
        }
    }

    private void prepare(Session transaction, IndexDefinition index) throws SQLException {
        if (gently.getAsBoolean()) {
            transaction.execute(NO_WORKERS);
        }
        Optional<Identifier> tablespace = index.tablespace();
        // The empty name is the database's own, whatever default_tablespace says.
        transaction.execute(
                TABLESPACE.with("tablespace", tablespace.isPresent() ? tablespace.get() : SqlText.literal("")));
    }
}
