package dev.walshift.engine.migration;

import dev.walshift.engine.MigrationException;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.StopSignal;
import dev.walshift.engine.changes.Publication;
import dev.walshift.engine.changes.ReplicationSlot;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.journal.KeyLog;
import dev.walshift.engine.migration.Finding.Kind;
import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.SourceHeap;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells what of what migrations have made nobody needs any more, and how to be rid of it. One thread. */
final class Diagnosis {
    private static final Logger log = LoggerFactory.getLogger(Diagnosis.class);

    private static final String CLEAN = "Remove it with: walshift doctor --clean";

    private static final SqlTemplate DROP_TABLE = SqlTemplate.of("DROP TABLE IF EXISTS {table}");
    /** Without CASCADE: what others put there, or built on it, stays. */
    private static final SqlTemplate DROP_SCHEMA = SqlTemplate.of("DROP SCHEMA IF EXISTS {schema}");

    private final Session session;
    private final Journal journal;
    private final MigrationSettings settings;
    private final boolean hasJournal;
    private final List<Journal.Unfinished> unfinished;
    private final StopSignal stop = new StopSignal();
    private final List<Case> cases = new ArrayList<>();

    /**
     * @param unfinished the journal's migrations that are not over
     */
    Diagnosis(
            Session session,
            Journal journal,
            MigrationSettings settings,
            boolean hasJournal,
            List<Journal.Unfinished> unfinished) {
        this.session = session;
        this.journal = journal;
        this.settings = settings;
        this.hasJournal = hasJournal;
        this.unfinished = unfinished;
    }

    /**
     * What is done about a finding that is cleanable. It looks again first: a migration may have begun since, or somebody may have put the
     * thing to another use.
     */
    @FunctionalInterface
    interface Cure {
        void apply(Session session) throws SQLException;
    }

    record Case(Finding finding, Cure cure) {}

    /** In the order in which they are to be cleaned. */
    List<Case> of(Leftovers present) throws SQLException {
        unfinished.stream().filter(migration -> !migration.running()).forEach(this::idle);
        present.publications().stream()
                .filter(publication -> !isNeeded(publication.mark()))
                .forEach(this::publication);
        present.slots().stream()
                .filter(slot -> unfinished.stream().noneMatch(migration -> migration.id() == slot.migration()))
                .forEach(this::slot);
        for (Leftovers.Schema schema : present.schemas()) {
            if (!isNeeded(schema.mark())) {
                schema(schema);
            }
        }
        cases.sort(Comparator.comparing(found -> found.finding().kind()));
        return cases;
    }

    private boolean isNeeded(String mark) {
        return unfinished.stream().anyMatch(migration -> migration.mark().equals(mark));
    }

    private List<Journal.Unfinished> unfinishedNow(Session session) throws SQLException {
        return journal.exists(session) ? journal.allUnfinished(session) : List.of();
    }

    private void requireAsFound(boolean asFound, Object what) {
        if (!asFound) {
            throw new MigrationException(
                    ProblemCode.BUSY,
                    "%s is no longer as it was found, and was left alone".formatted(what),
                    "Look again with: walshift doctor");
        }
    }

    private String why(long migration) {
        return hasJournal
                ? "the journal has no unfinished migration %d".formatted(migration)
                : "there is no journal (schema walshift) any more";
    }

    private void add(Kind kind, Object object, long migration, String message, String remedy, Cure cure) {
        cases.add(new Case(new Finding(kind, object.toString(), Optional.of(migration), message, remedy, true), cure));
    }

    private void addIncurable(Kind kind, Object object, long migration, String message, String remedy) {
        cases.add(new Case(
                new Finding(kind, object.toString(), Optional.of(migration), message, remedy, false), nobody -> {}));
    }

    private void idle(Journal.Unfinished migration) {
        addIncurable(
                Kind.UNFINISHED_MIGRATION,
                migration.relation(),
                migration.id(),
                "migration %d of %s is not finished (%s), and no process works on it"
                        .formatted(migration.id(), migration.relation(), migration.state()),
                migration.state().equals("SWAPPED")
                        ? "Only cleaning up is left to do, with: walshift resume %d".formatted(migration.id())
                        : "Go on with: walshift resume %1$d, or give it up with: walshift abort %1$d. Until then its slot keeps WAL on the server"
                                .formatted(migration.id()));
    }

    private void publication(Leftovers.Publication publication) {
        add(
                Kind.PUBLICATION,
                publication.name().publication().sql(),
                publication.migration(),
                "publication %s carries %s, but %s"
                        .formatted(
                                publication.name().publication().sql(),
                                publication.tables(),
                                why(publication.migration())),
                CLEAN,
                now -> now.transact(tx -> drop(tx, publication)));
    }

    private void drop(Session transaction, Leftovers.Publication found) throws SQLException {
        boolean needed = unfinishedNow(transaction).stream()
                .anyMatch(migration -> migration.mark().equals(found.mark()));
        boolean present = Leftovers.read(transaction).publications().stream()
                .anyMatch(now -> now.name().equals(found.name()) && now.mark().equals(found.mark()));
        requireAsFound(present && !needed, found.name().publication());
        Publication.drop(transaction, found.name());
    }

    private void slot(Leftovers.Slot slot) {
        String what = "replication slot %s keeps %d bytes of WAL on the server, but %s"
                .formatted(slot.name().slot(), slot.lagBytes(), why(slot.migration()));
        if (slot.pid().isPresent()) {
            addIncurable(
                    Kind.SLOT,
                    slot.name().slot(),
                    slot.migration(),
                    "%s; the server's process %d uses it"
                            .formatted(what, slot.pid().get()),
                    "See in pg_stat_activity whose it is. If its client is gone, the server ends it within"
                            + " wal_sender_timeout");
        } else {
            add(Kind.SLOT, slot.name().slot(), slot.migration(), what, CLEAN, now -> drop(now, slot));
        }
    }

    /** The server itself refuses to drop a slot that is in use; one that is not may wait for a migration that was interrupted. */
    private void drop(Session session, Leftovers.Slot found) throws SQLException {
        boolean needed = unfinishedNow(session).stream().anyMatch(migration -> migration.id() == found.migration());
        requireAsFound(!needed, found.name().slot());
        ReplicationSlot.dropUnused(session, found.name());
    }

    private void schema(Leftovers.Schema schema) throws SQLException {
        switch (schema.part()) {
            case SHADOW -> ownSchema(schema, schema.tables().isEmpty() || holdsTheShadow(schema));
            case KEY_LOG -> keyLog(schema);
            case RETIRED -> {
                if (schema.tables().isEmpty()) {
                    ownSchema(schema, true);
                }
                schema.tables().forEach(table -> retired(schema, table));
            }
        }
    }

    /** And nothing else. The shadow is what the key log says, which is dropped after it. */
    private boolean holdsTheShadow(Leftovers.Schema schema) throws SQLException {
        try {
            return KeyLog.described(session, Setup.names(schema.migration()).keyLog())
                    .filter(table -> schema.names().equals(List.of(table.shadow())))
                    .isPresent();
        } catch (MigrationException e) {
            log.debug("the key log of migration {} tells nothing", schema.migration(), e);
            return false;
        }
    }

    private void retired(Leftovers.Schema schema, Leftovers.Table table) {
        addIncurable(
                Kind.RETIRED_TABLE,
                table.name(),
                schema.migration(),
                "%s is the old table of migration %d, %d bytes"
                        .formatted(table.name(), schema.migration(), table.bytes()),
                "When you no longer need it: DROP TABLE %s; DROP SCHEMA %s"
                        .formatted(table.name(), schema.name().sql()));
    }

    /** The key log tells what else its migration changed; so that is put right before the log goes. */
    private void keyLog(Leftovers.Schema schema) throws SQLException {
        QualifiedName log = Setup.names(schema.migration()).keyLog();
        boolean asMade = schema.tables().stream().allMatch(table -> table.name().equals(log));
        try {
            Optional<Blueprint> blueprint = KeyLog.described(session, log);
            if (blueprint.isEmpty() || isFreeToChange(schema, blueprint.get())) {
                ownSchema(schema, asMade);
            }
        } catch (MigrationException e) {
            addIncurable(
                    Kind.SCHEMA,
                    schema.name().sql(),
                    schema.migration(),
                    "schema %s is left over, but tells nothing: %s"
                            .formatted(schema.name().sql(), e.getMessage()),
                    e.remedy());
        }
    }

    /** Adds what has to be put right at the source; false if another migration of the table must end before. */
    private boolean isFreeToChange(Leftovers.Schema schema, Blueprint table) throws SQLException {
        String relation = table.source().name().sql();
        Optional<Journal.Unfinished> other = unfinished.stream()
                .filter(migration -> migration.relation().equals(relation))
                .findFirst();
        if (other.isPresent()) {
            addIncurable(
                    Kind.SCHEMA,
                    schema.name().sql(),
                    schema.migration(),
                    "schema %s is left over: %s; but migration %d of the same table is not finished"
                            .formatted(
                                    schema.name().sql(),
                                    why(schema.migration()),
                                    other.get().id()),
                    "Finish or abort migration %d first".formatted(other.get().id()));
            return false;
        }
        Setup setup = new Setup(journal, schema.migration(), settings, stop);
        Cure restore = now -> {
            if (!journal.tryLock(now, relation)) {
                throw new MigrationException(
                        ProblemCode.BUSY, "a walshift process works on " + relation, "Try again when it has ended");
            }
            boolean needed = unfinishedNow(now).stream()
                    .anyMatch(migration -> migration.relation().equals(relation));
            requireAsFound(!needed, relation);
            setup.restore(now, table);
        };
        for (SourceHeap heap : table.sourceTree().heaps()) {
            if (ReplicaIdentities.isOurs(session, heap)) {
                String name = heap.table().name().sql();
                add(
                        Kind.REPLICA_IDENTITY,
                        name,
                        schema.migration(),
                        "%s has the replica identity that migration %d gave it, and not %s as before"
                                .formatted(
                                        name,
                                        schema.migration(),
                                        heap.replicaIdentity().clause()),
                        "Restore it with: walshift doctor --clean",
                        restore);
            }
        }
        for (QualifiedName sequence : SerialSequences.released(session, table)) {
            add(
                    Kind.SEQUENCE,
                    sequence,
                    schema.migration(),
                    "sequence %s belongs to no column, since migration %d took it from one of %s"
                            .formatted(sequence, schema.migration(), relation),
                    "Give it back with: walshift doctor --clean",
                    restore);
        }
        return true;
    }

    private void ownSchema(Leftovers.Schema schema, boolean asMade) {
        String what = "schema %s is left over: %s".formatted(schema.name().sql(), why(schema.migration()));
        if (asMade) {
            add(Kind.SCHEMA, schema.name().sql(), schema.migration(), what, CLEAN, now -> drop(now, schema));
        } else {
            addIncurable(
                    Kind.SCHEMA,
                    schema.name().sql(),
                    schema.migration(),
                    "%s; it holds more than walshift made: %s".formatted(what, schema.names()),
                    "Move what you need elsewhere and drop the schema yourself");
        }
    }

    private void drop(Session session, Leftovers.Schema schema) throws SQLException {
        boolean unused = settings.locks()
                .run(session, "drop schema " + schema.name().sql(), stop, tx -> {
                    boolean needed = unfinishedNow(tx).stream()
                            .anyMatch(migration -> migration.mark().equals(schema.mark()));
                    boolean present = Leftovers.read(tx).schemas().stream()
                            .anyMatch(now -> now.name().equals(schema.name())
                                    && now.mark().equals(schema.mark())
                                    && now.names().equals(schema.names()));
                    requireAsFound(present && !needed, schema.name());
                    for (Leftovers.Table table : schema.tables()) {
                        tx.execute(DROP_TABLE.with("table", table.name()));
                    }
                    tx.execute(DROP_SCHEMA.with("schema", schema.name()));
                    return true;
                });
    }
}
