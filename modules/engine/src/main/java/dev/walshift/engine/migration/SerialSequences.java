package dev.walshift.engine.migration;

import dev.walshift.engine.LockRetry;
import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.OwnedSequence;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Hands a serial's sequence over by changing nothing but its owner, so that a value drawn by name is never drawn twice.
 *
 * <p>Before the swap and after it, never in it: nextval keeps a lock on the sequence until its transaction ends, and a transaction that
 * drew a value and then queues behind our lock on the table would wait for us while we wait for it.
 */
final class SerialSequences {
    private static final SqlTemplate RELEASE = SqlTemplate.of("ALTER SEQUENCE {sequence} OWNED BY NONE");
    private static final SqlTemplate CHANGE_OWNER = SqlTemplate.of("ALTER SEQUENCE {sequence} OWNER TO {role}");
    private static final SqlTemplate MOVE = SqlTemplate.of("ALTER SEQUENCE {sequence} SET SCHEMA {schema}");
    private static final SqlTemplate OWN = SqlTemplate.of("ALTER SEQUENCE {sequence} OWNED BY {table}.{column}");
    /** The column that a sequence belongs to; nothing if there is none, or no such sequence. */
    private static final SqlTemplate OWNER = SqlTemplate.of("""
        SELECT d.refobjid::bigint, a.attname
          FROM pg_depend d
          JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
         WHERE d.classid = 'pg_class'::regclass AND d.objid = to_regclass(?)
           AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'
        """);
    /**
     * The column that a sequence of nobody's was taken from, whatever it and its table are called by now: the one whose default draws from
     * it, or else the one with the name.
     */
    private static final SqlTemplate OWNERLESS = SqlTemplate.of("""
        SELECT n.nspname, c.relname, a.attname, pg_get_userbyid(c.relowner),
               c.relowner <> s.relowner, c.relnamespace <> s.relnamespace
          FROM pg_class s
          JOIN pg_namespace sn ON sn.oid = s.relnamespace
          JOIN pg_class c ON c.oid = {table}
          JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
          LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
          LEFT JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
                               AND d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid
         WHERE sn.nspname = ? AND s.relname = ? AND s.relkind = 'S'
           AND NOT EXISTS (SELECT FROM pg_depend o
                            WHERE o.classid = 'pg_class'::regclass AND o.objid = s.oid
                              AND o.refclassid = 'pg_class'::regclass AND o.deptype IN ('a', 'i'))
           AND (d.objid IS NOT NULL OR a.attname = ?)
         ORDER BY d.objid IS NULL
         LIMIT 1
        """);

    /**
     * The new table: the one whose default draws from sequence s and that is neither the retired one nor any of ours, or else the one with
     * the name; null if there is none.
     */
    private static final SqlTemplate NEW_TABLE = SqlTemplate.of("""
        COALESCE((SELECT t.oid
                    FROM pg_depend e
                    JOIN pg_attrdef g ON g.oid = e.objid
                    JOIN pg_class t ON t.oid = g.adrelid
                    JOIN pg_namespace tn ON tn.oid = t.relnamespace
                   WHERE e.classid = 'pg_attrdef'::regclass AND e.refclassid = 'pg_class'::regclass AND e.refobjid = s.oid
                     AND t.oid <> {source} AND NOT t.relispartition AND tn.nspname NOT LIKE 'walshift\\_%'
                   ORDER BY t.oid = to_regclass({name}) DESC NULLS LAST, t.oid DESC
                   LIMIT 1),
                 to_regclass({name}))
        """);

    private final LockRetry locks;
    private final StopSignal stop;

    SerialSequences(LockRetry locks, StopSignal stop) {
        this.locks = locks;
        this.stop = stop;
    }

    /** Remembers what becomes of the sequences. */
    @FunctionalInterface
    interface Memory {
        void save(Session transaction, Blueprint present) throws SQLException;
    }

    /**
     * Lets the source's serial sequences belong to nobody, so that they stay when the source moves; each in a transaction of its own, since
     * an application could draw from two of them in another order. Can be done again.
     *
     * @param table as the memory has it
     * @throws MigrationException SOURCE_CHANGED if somebody took one from its column, or gave it to another
     */
    void release(Session session, Blueprint table, Memory memory) throws SQLException {
        Blueprint present = table;
        for (OwnedSequence sequence : serials(table)) {
            if (!sequence.released()) {
                Blueprint before = present;
                present = locks.run(session, "release sequence " + sequence.source(), stop, tx -> {
                    requireHeld(tx, before, sequence);
                    tx.execute(RELEASE.with("sequence", sequence.source()));
                    Blueprint after = before.withSequences(before.sequences().stream()
                            .map(it -> it.equals(sequence) ? it.taken() : it)
                            .toList());
                    memory.save(tx, after);
                    return after;
                });
            }
        }
    }

    private record Column(long table, Identifier name) {}

    /**
     * Tells that somebody took a serial's sequence from its column, or gave it to another: the swap would undo that.
     *
     * @param tables as the memory has them: what the migration itself has released belongs to nobody
     * @throws MigrationException SOURCE_CHANGED
     */
    static void requireHeld(Session session, List<Blueprint> tables) throws SQLException {
        for (Blueprint table : tables) {
            for (OwnedSequence sequence : serials(table)) {
                requireHeld(session, table, sequence);
            }
        }
    }

    private static void requireHeld(Session session, Blueprint table, OwnedSequence sequence) throws SQLException {
        Optional<Column> owner = session.queryFirst(
                OWNER,
                row -> new Column(row.getLong(1), new Identifier(row.getString(2))),
                sequence.source().sql());
        Optional<Column> expected = sequence.released()
                ? Optional.empty()
                : Optional.of(new Column(table.source().oid(), sequence.sourceColumn()));
        if (!owner.equals(expected)) {
            throw new MigrationException(
                    ProblemCode.SOURCE_CHANGED,
                    "somebody changed the column that sequence %s is owned by, which was %s of %s, while the table was migrated"
                            .formatted(
                                    sequence.source(),
                                    sequence.sourceColumn(),
                                    table.source().name()),
                    "A swap would undo that, so there was none. Plan the migration again for the table as it is now.");
        }
    }

    /** After the swap: gives them to the new table, as wide as its columns. Can be done again. */
    void adopt(Session session, Blueprint table) throws SQLException {
        for (OwnedSequence sequence : serials(table)) {
            SqlTemplate newTable = NEW_TABLE
                    .with("source", oid(table))
                    .with("name", SqlText.literal(table.source().name().sql()));
            own(session, sequence, newTable, sequence.column(), sequence.widening());
        }
    }

    /**
     * Whose a sequence becomes.
     *
     * @param otherRole whether the table's owner is another one than the sequence's: the server wants them to be the same, and changes the
     *     sequence's only with its own table's
     * @param otherSchema the same for the schema
     */
    private record Owner(
            QualifiedName table, Identifier column, Identifier role, boolean otherRole, boolean otherSchema) {
        static Owner read(ResultSet row) throws SQLException {
            return new Owner(
                    QualifiedName.of(row.getString(1), row.getString(2)),
                    new Identifier(row.getString(3)),
                    new Identifier(row.getString(4)),
                    row.getBoolean(5),
                    row.getBoolean(6));
        }
    }

    /**
     * Before the swap, when the migration is given up: gives those that belong to nobody back to the source. Can be done again.
     *
     * @param table with those that it may have released
     */
    void giveBack(Session session, Blueprint table) throws SQLException {
        for (OwnedSequence sequence : serials(table)) {
            own(session, sequence, oid(table), sequence.sourceColumn(), Optional.empty());
        }
    }

    /** The source's sequences that belong to nobody now, and did not when the migration began. */
    static List<QualifiedName> released(Session session, Blueprint table) throws SQLException {
        List<QualifiedName> found = new ArrayList<>();
        for (OwnedSequence sequence : serials(table)) {
            if (newOwner(session, sequence, oid(table), sequence.sourceColumn()).isPresent()) {
                found.add(sequence.source());
            }
        }
        return found;
    }

    private static Optional<Owner> newOwner(Session session, OwnedSequence sequence, SqlPart table, Identifier column)
            throws SQLException {
        return session.queryFirst(
                OWNERLESS.with("table", table),
                Owner::read,
                sequence.source().schema(),
                sequence.source().name(),
                column);
    }

    private static SqlText oid(Blueprint table) {
        return new SqlText(Long.toString(table.source().oid()));
    }

    /** Nothing if the sequence is somebody's, or somebody dropped it, the table or the column. */
    private void own(
            Session session, OwnedSequence sequence, SqlPart table, Identifier column, Optional<SqlText> widening)
            throws SQLException {
        Optional<Owner> found = newOwner(session, sequence, table, column);
        if (found.isEmpty()) {
            return;
        }
        Owner owner = found.get();
        boolean unused = locks.run(session, "give sequence " + sequence.source() + " its owner", stop, tx -> {
            QualifiedName name = sequence.source();
            if (owner.otherRole()) {
                tx.execute(CHANGE_OWNER.with("sequence", name).with("role", owner.role()));
            }
            if (owner.otherSchema()) {
                tx.execute(
                        MOVE.with("sequence", name).with("schema", owner.table().schema()));
                name = name.in(owner.table().schema());
            }
            tx.execute(OWN.with("sequence", name).with("table", owner.table()).with("column", owner.column()));
            if (widening.isPresent()) {
                tx.execute(widening.get());
            }
            return true;
        });
    }

    private static List<OwnedSequence> serials(Blueprint table) {
        return table.sequences().stream()
                .filter(sequence -> sequence.kind() == OwnedSequence.Kind.SERIAL)
                .toList();
    }
}
