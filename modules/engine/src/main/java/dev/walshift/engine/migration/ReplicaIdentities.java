package dev.walshift.engine.migration;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.SourceHeap;
import dev.walshift.engine.table.TableRef;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.Optional;

/** The replica identities that a migration gives its source for its time, so that the stream has the key of every row. */
final class ReplicaIdentities {
    /** Still with an index that somebody dropped: the server then takes it for NOTHING. */
    private static final SqlTemplate IS_OURS = SqlTemplate.of("""
        SELECT EXISTS (SELECT FROM pg_class c
                         LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisreplident
                         LEFT JOIN pg_class r ON r.oid = i.indexrelid
                        WHERE c.oid = ? AND c.relreplident = 'i' AND coalesce(r.relname = ?, true))
        """);

    private static final SqlTemplate SET = SqlTemplate.of("ALTER TABLE {table} REPLICA IDENTITY {identity}");
    private static final SqlTemplate PRESENT_NAME = SqlTemplate.of("""
        SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ?::oid
        """);

    private final LockRetry locks;
    private final StopSignal stop;

    ReplicaIdentities(LockRetry locks, StopSignal stop) {
        this.locks = locks;
        this.stop = stop;
    }

    void set(Session session, Blueprint table) throws SQLException {
        for (SourceHeap heap : table.sourceTree().heaps()) {
            if (heap.replicaIdentityIndex().isPresent()) {
                set(session, heap.table().name(), heap.identityMeanwhile().clause());
            }
        }
    }

    /** Gives each heap of the source, wherever it is now, its own back, unless somebody has given it another one. Can be done again. */
    void restore(Session session, Blueprint table) throws SQLException {
        for (SourceHeap heap : table.sourceTree().heaps()) {
            Optional<QualifiedName> name = presentName(session, heap.table());
            if (name.isPresent() && isOurs(session, heap)) {
                set(session, name.get(), heap.replicaIdentity().clause());
            }
        }
    }

    private void set(Session session, QualifiedName table, SqlText identity) throws SQLException {
        boolean unused = locks.runOn(table, session, "set the replica identity of " + table, stop, tx -> {
            tx.execute(SET.with("table", table).with("identity", identity));
            return true;
        });
    }

    /** Whether the table has the replica identity that its migration gave it. */
    static boolean isOurs(Session session, SourceHeap heap) throws SQLException {
        Optional<Identifier> ours = heap.replicaIdentityIndex();
        return ours.isPresent()
                && session.queryOne(
                        IS_OURS, row -> row.getBoolean(1), heap.table().oid(), ours.get());
    }

    /** What a table is called now, if it is still there. */
    static Optional<QualifiedName> presentName(Session session, TableRef table) throws SQLException {
        return session.queryFirst(
                PRESENT_NAME, row -> QualifiedName.of(row.getString(1), row.getString(2)), table.oid());
    }
}
