package dev.walshift.engine.migration;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.StoppedException;
import dev.walshift.engine.Workers;
import dev.walshift.engine.changes.Publication;
import dev.walshift.engine.changes.ReplicationSlot;
import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.journal.CopyProgress;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.journal.MigrationState;
import dev.walshift.engine.journal.VerifyProgress;
import dev.walshift.engine.plan.AlterRequest;
import dev.walshift.engine.plan.Planner;
import dev.walshift.engine.plan.ShadowNames;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.OwnedSequence;
import dev.walshift.engine.table.SourceHeap;
import dev.walshift.engine.table.XidFence;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Isolation;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlStates;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a migration needs on the server, and its removal: schemas, shadow, key log, replica identity, publication, slot, fence.
 *
 * <p>The order matters: publication before slot, or decoding fails; slot before fence, so that every transaction from the fence on is
 * decoded; fence passed before pages are counted, so that all later pages hold new row versions only.
 */
public final class Setup {
    private static final Logger log = LoggerFactory.getLogger(Setup.class);

    private static final Duration FENCE_POLL = Duration.ofMillis(20);

    private static final SqlTemplate DATABASE_OID =
            SqlTemplate.of("SELECT oid::bigint FROM pg_database WHERE datname = current_database()");
    private static final SqlTemplate CREATE_SCHEMA = SqlTemplate.of("CREATE SCHEMA {schema}");
    private static final SqlTemplate DROP_SCHEMA = SqlTemplate.of("DROP SCHEMA IF EXISTS {schema} CASCADE");
    /** Without CASCADE: it must be empty, or hold nothing but the retired table that was dropped before. */
    private static final SqlTemplate DROP_EMPTY_SCHEMA = SqlTemplate.of("DROP SCHEMA IF EXISTS {schema}");

    private static final SqlTemplate MARK_SCHEMA = SqlTemplate.of("COMMENT ON SCHEMA {schema} IS {mark}");
    private static final SqlTemplate IS_MARKED =
            SqlTemplate.of("SELECT obj_description(oid, 'pg_namespace') = ? FROM pg_namespace WHERE nspname = ?");

    private static final SqlTemplate DROP_TABLE = SqlTemplate.of("DROP TABLE IF EXISTS {table}");
    private static final SqlTemplate STATEMENT_TIMEOUT = SqlTemplate.of("SET statement_timeout = {timeout}");
    private static final SqlTemplate FENCE_PASSED =
            SqlTemplate.of("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= ?::bigint");
    private static final SqlTemplate OLDER_TRANSACTIONS = SqlTemplate.of("""
        SELECT who
          FROM (SELECT format('pid %s (%s, %s, %s, since %s s)', pid, usename, coalesce(nullif(application_name, ''), '?'),
                              state, extract(epoch FROM now() - xact_start)::int), age(backend_xid)
                  FROM pg_stat_activity
                 WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
                UNION ALL
                SELECT format('prepared transaction %L (%s, since %s s)', gid, owner,
                              extract(epoch FROM now() - prepared)::int), age(transaction)
                  FROM pg_prepared_xacts) AS running (who, xid_age)
         ORDER BY xid_age DESC
         LIMIT 10
        """);
    private static final SqlTemplate LOCK_SOURCE = SqlTemplate.of("LOCK TABLE {source} IN ACCESS SHARE MODE");
    /** The real size, never pg_class.relpages, which is an estimate of the last vacuum. */
    private static final SqlTemplate FILE = SqlTemplate.of("""
        SELECT pg_relation_filenode(?::oid::regclass)::bigint,
               pg_relation_size(?::oid::regclass) / current_setting('block_size')::bigint
        """);

    private static final SqlTemplate EMPTY_SHADOW = SqlTemplate.of("TRUNCATE {shadow}");

    private final Journal journal;
    private final long migration;
    private final LockRetry locks;
    private final Duration oldTransactionsPatience;
    private final StopSignal stop;
    private final ReplicaIdentities identities;
    private final SerialSequences sequences;

    public Setup(Journal journal, long migration, MigrationSettings settings, StopSignal stop) {
        this.journal = journal;
        this.migration = migration;
        this.locks = settings.locks();
        this.oldTransactionsPatience = settings.oldTransactionsPatience();
        this.stop = stop;
        this.identities = new ReplicaIdentities(locks, stop);
        this.sequences = new SerialSequences(locks, stop);
    }

    /**
     * Before the swap: takes the source's serial sequences from it. Can be done again.
     *
     * @throws MigrationException SOURCE_CHANGED if somebody else did
     */
    void releaseSequences(Session session) throws SQLException {
        for (Blueprint table : journal.relations(session, migration)) {
            sequences.release(session, table, (tx, present) -> journal.saveRelation(tx, migration, present));
        }
    }

    static SlotName slotName(Session session, long migration) throws SQLException {
        return SlotName.of(session.queryOne(DATABASE_OID, row -> row.getLong(1)), migration);
    }

    static ShadowNames names(long migration) {
        Identifier shadowSchema = new Identifier("walshift_%d".formatted(migration));
        return new ShadowNames(
                shadowSchema,
                new Identifier("walshift_%d_retired".formatted(migration)),
                // A name that no table of the user's can have beside the shadow: 63 bytes are the most, this is the
                // migration's own.
                new QualifiedName(new Identifier("walshift_%d_log".formatted(migration)), new Identifier("keys_1")));
    }

    /** Makes everything up to the slot. */
    public Blueprint create(Session session, Planner planner, AlterRequest request, SlotName slot) throws SQLException {
        ShadowNames names = names(migration);
        Blueprint blueprint = locks.run(session, "create the shadow table", stop, tx -> {
            SqlText mark = SqlText.literal(journal.mark(tx, migration));
            for (Identifier schema : List.of(
                    names.shadowSchema(), names.retiredSchema(), names.keyLog().schema())) {
                tx.execute(CREATE_SCHEMA.with("schema", schema));
                tx.execute(MARK_SCHEMA.with("schema", schema).with("mark", mark));
            }
            Blueprint created = planner.createShadow(tx, request, names);
            new KeyLog(created).create(tx);
            journal.saveRelation(tx, migration, created);
            return created;
        });
        identities.set(session, blueprint);
        QualifiedName source = blueprint.source().name();
        locks.runOn(source, session, "publish the key columns of " + source, stop, tx -> {
            Publication.create(tx, slot, List.of(blueprint), journal.mark(tx, migration));
            return true;
        });
        createSlot(session, slot);
        return blueprint;
    }

    private void createSlot(Session session, SlotName slot) throws SQLException {
        session.execute(STATEMENT_TIMEOUT.with("timeout", millis(oldTransactionsPatience)));
        try {
            Workers.cancellable(session, stop, () -> ReplicationSlot.create(session, slot));
        } catch (SQLException e) {
            if (SqlStates.is(e, SqlStates.QUERY_CANCELED)) {
                stop.check();
                throw blocked("the replication slot could not be made", session);
            }
            throw e;
        } finally {
            session.execute(STATEMENT_TIMEOUT.with("timeout", new SqlText("0")));
        }
        ReplicationSlot.State state = ReplicationSlot.state(session, slot).orElseThrow();
        journal.saveDurable(session, migration, state.confirmed());
    }

    private record File(long node, long pages) {}

    /**
     * Draws a fence, waits until it is passed, counts the pages: from then on the copy can begin, or begin again, with an empty shadow.
     *
     * @return the blueprint for the source's present file
     */
    public Blueprint beginCopy(Session session, Blueprint blueprint) throws SQLException {
        XidFence fence = journal.drawFence(session, migration);
        awaitPassed(session, fence);
        return session.inTransaction(Isolation.READ_COMMITTED, tx -> {
            tx.execute(LOCK_SOURCE.with("source", blueprint.source().name()));
            Map<Long, File> files = new HashMap<>();
            for (SourceHeap heap : blueprint.sourceTree().heaps()) {
                long oid = heap.table().oid();
                files.put(oid, tx.queryOne(FILE, row -> new File(row.getLong(1), row.getLong(2)), oid, oid));
            }
            long pages = files.values().stream().mapToLong(File::pages).sum();
            Blueprint present =
                    blueprint.withFilenodes(Stream.of(blueprint.sourceTree().oids())
                            .map(oid -> Objects.requireNonNull(files.get(oid)).node())
                            .toList());
            tx.execute(EMPTY_SHADOW.with("shadow", present.shadow()));
            for (Map.Entry<Long, File> file : files.entrySet()) {
                new CopyProgress(migration, file.getKey())
                        .begin(tx, file.getValue().pages(), pages);
            }
            long oid = present.source().oid();
            new VerifyProgress(migration, oid).clear(tx);
            journal.saveRelation(tx, migration, present);
            journal.save(tx, migration, new MigrationState.Copying(fence));
            return present;
        });
    }

    /** Until every transaction older than the fence has ended: then of each row at most one older version is visible, ever after. */
    private void awaitPassed(Session session, XidFence fence) throws SQLException {
        long deadline = System.nanoTime() + oldTransactionsPatience.toNanos();
        long first = Long.parseLong(fence.first().toString());
        while (!session.queryOne(FENCE_PASSED, row -> row.getBoolean(1), first)) {
            if (System.nanoTime() > deadline) {
                throw blocked("the copy could not begin", session);
            }
            if (stop.await(FENCE_POLL)) {
                throw new StoppedException();
            }
        }
    }

    private MigrationException blocked(String what, Session session) throws SQLException {
        List<String> older = session.query(OLDER_TRANSACTIONS, row -> row.getString(1));
        return new MigrationException(
                ProblemCode.BLOCKED_BY_TRANSACTION,
                "%s: transactions that began before it did not end within %d s: %s"
                        .formatted(what, oldTransactionsPatience.toSeconds(), String.join(", ", older)),
                "End them (or wait for them), then start the migration again.");
    }

    /** Makes over the finished shadow what hangs on the source and only moves in the swap. Can be done again. */
    void makeBeside(Session session, Blueprint table) throws SQLException {
        List<SqlText> statements = table.dependents().beside();
        if (!statements.isEmpty()) {
            boolean unused =
                    locks.run(session, "make what hangs on " + table.source().name(), stop, tx -> {
                        for (SqlText statement : statements) {
                            Workers.cancellable(tx, stop, () -> tx.execute(statement));
                        }
                        return true;
                    });
        }
    }

    /**
     * After the swap: removes everything of ours but the retired table, or that too. Can be done again.
     *
     * @param detail told what is being done, for people
     * @throws MigrationException FOLLOW_UP_FAILED if rows of the application stand in the way of what is to be done after the swap
     */
    void finish(Session session, Blueprint table, SlotName slot, boolean dropRetired, Consumer<String> detail)
            throws SQLException {
        removeStream(session, slot);
        sequences.adopt(session, table);
        new FollowUps(locks, stop).run(session, table.dependents().followUps(), detail);
        if (dropRetired) {
            locks.run(session, "drop " + table.retired(), stop, tx -> {
                tx.execute(DROP_TABLE.with("table", table.retired()));
                tx.execute(DROP_EMPTY_SCHEMA.with("schema", table.retiredSchema()));
                return true;
            });
        } else {
            identities.restore(session, table);
        }
        dropSchemas(session);
        session.transact(tx -> {
            journal.forgetDetails(tx, migration);
            journal.save(tx, migration, new MigrationState.Finished());
        });
        awaitStandbys(journal, session, migration, stop);
    }

    /** The last thing a migration does; if it is cut off, or stopped, the migration is done all the same. */
    static void awaitStandbys(Journal journal, Session session, long migration, StopSignal stop) {
        try {
            Workers.cancellable(session, stop, () -> journal.awaitStandbys(session, migration));
        } catch (SQLException | StoppedException e) {
            log.warn(
                    "migration {} is done, but nobody saw whether the standbys have it: {}", migration, e.getMessage());
        }
    }

    /** Before the swap: removes everything of ours and leaves the source as it was. Can be done again. */
    public void remove(Session session, SlotName slot) throws SQLException {
        letGo(session, slot);
        dropSchemas(session);
        dropRetiredSchema(session);
    }

    /**
     * Before the swap: leaves the source as it was, and the server without publication and slot, but keeps shadow and key log. Can be done
     * again.
     */
    void letGo(Session session, SlotName slot) throws SQLException {
        List<Blueprint> tables = journal.relations(session, migration);
        Predecessor.end(session, slot, tables, stop);
        removeStream(session, slot);
        for (Blueprint table : tables) {
            // One that belongs to nobody by somebody else's will is left so.
            restore(
                    session,
                    table.withSequences(table.sequences().stream()
                            .filter(OwnedSequence::released)
                            .toList()));
        }
    }

    /** Gives the migration up: from the first step on it can only be removed, and it has failed when the last one is done. */
    void giveUp(Session session, SlotName slot, MigrationState.Failed outcome) throws SQLException {
        session.transact(tx -> journal.save(
                tx, migration, new MigrationState.Removing(outcome.code(), outcome.problem(), outcome.remedy())));
        remove(session, slot);
        session.transact(tx -> {
            journal.forgetDetails(tx, migration);
            journal.save(tx, migration, outcome);
        });
    }

    /** Publication first: from then on the application's writes depend on nothing of ours. */
    private void removeStream(Session session, SlotName slot) throws SQLException {
        Publication.drop(session, slot);
        ReplicationSlot.drop(session, slot);
    }

    /**
     * Gives the source, wherever it is now, back what was changed for the time of the migration; a serial's sequence goes to the new table if
     * the two are swapped. Can be done again.
     */
    void restore(Session session, Blueprint table) throws SQLException {
        identities.restore(session, table);
        Optional<QualifiedName> present = ReplicaIdentities.presentName(session, table.source());
        if (present.isPresent()) {
            if (present.get().schema().equals(table.retiredSchema())) {
                sequences.adopt(session, table);
            } else {
                sequences.giveBack(session, table);
            }
        }
    }

    /** The key log last: it tells what the others are. */
    private void dropSchemas(Session session) throws SQLException {
        drop(session, DROP_SCHEMA, names(migration).shadowSchema());
        drop(session, DROP_SCHEMA, names(migration).keyLog().schema());
    }

    /** Empty before the swap; unless the journal is an older one than the tables, from a backup, and then what is in it is the only copy. */
    private void dropRetiredSchema(Session session) throws SQLException {
        Identifier schema = names(migration).retiredSchema();
        try {
            drop(session, DROP_EMPTY_SCHEMA, schema);
        } catch (SQLException e) {
            if (!SqlStates.is(e, SqlStates.DEPENDENT_OBJECTS_STILL_EXIST)) {
                throw e;
            }
            log.warn("schema {} is not empty and is left as it is: {}", schema, e.getMessage());
        }
    }

    /** Never a schema that only happens to have the name. */
    private void drop(Session session, SqlTemplate statement, Identifier schema) throws SQLException {
        boolean ours = session.queryFirst(IS_MARKED, row -> row.getBoolean(1), journal.mark(session, migration), schema)
                .orElse(false);
        if (ours) {
            locks.run(session, "drop schema " + schema, stop, tx -> {
                tx.execute(statement.with("schema", schema));
                return true;
            });
        }
    }

    private static SqlText millis(Duration time) {
        return new SqlText(Long.toString(time.toMillis()));
    }
}
