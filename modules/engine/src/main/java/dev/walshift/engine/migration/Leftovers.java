package dev.walshift.engine.migration;

import dev.walshift.engine.changes.SlotName;
import dev.walshift.engine.journal.Journal;
import dev.walshift.engine.plan.ShadowNames;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What migrations have made in this database and is there now, whatever the journal says.
 *
 * <p>A publication or schema is ours by its mark and its name, a slot by its name, which holds the database's oid and the migration's
 * number, and its plugin: of anything else of a similar name nothing is known here.
 */
record Leftovers(List<Slot> slots, List<Publication> publications, List<Schema> schemas) {
    private static final SqlTemplate SLOTS = SqlTemplate.of("""
        SELECT s.slot_name, d.oid::bigint, s.active_pid, pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::bigint
          FROM pg_replication_slots s
          JOIN pg_database d ON d.oid = s.datoid
         WHERE d.datname = current_database() AND s.plugin = 'pgoutput' AND NOT s.temporary
         ORDER BY s.slot_name
        """);

    private static final SqlTemplate PUBLICATIONS = SqlTemplate.of("""
        SELECT p.pubname, obj_description(p.oid, 'pg_publication'),
               (SELECT string_agg(r.prrelid::regclass::text, ', ') FROM pg_publication_rel r WHERE r.prpubid = p.oid)
          FROM pg_publication p
         WHERE starts_with(obj_description(p.oid, 'pg_publication'), ?)
         ORDER BY p.pubname
        """);

    private static final SqlTemplate SCHEMAS = SqlTemplate.of("""
        SELECT oid::bigint, nspname, obj_description(oid, 'pg_namespace')
          FROM pg_namespace
         WHERE starts_with(obj_description(oid, 'pg_namespace'), ?)
         ORDER BY nspname
        """);

    private static final SqlTemplate TABLES = SqlTemplate.of("""
        SELECT n.nspname, c.relname, pg_total_relation_size(c.oid)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.oid = ?::oid AND c.relkind IN ('r', 'p', 'f', 'm', 'v')
         ORDER BY c.relname
        """);

    /**
     * A replication slot.
     *
     * @param pid of the server process that uses it
     */
    record Slot(SlotName name, long migration, Optional<Integer> pid, long lagBytes) {}

    /**
     * A publication.
     *
     * @param tables that it carries, for people
     */
    record Publication(SlotName name, long migration, String mark, String tables) {}

    record Table(QualifiedName name, long bytes) {}

    /** One of a migration's schemas, with what is in it. */
    record Schema(Identifier name, Part part, long migration, String mark, List<Table> tables) {
        /** Of its tables. */
        List<QualifiedName> names() {
            return tables.stream().map(Table::name).toList();
        }
    }

    /** What a schema is for. */
    enum Part {
        SHADOW,
        KEY_LOG,
        RETIRED;

        private static Optional<Part> of(Identifier schema, long migration) {
            ShadowNames names = Setup.names(migration);
            if (schema.equals(names.shadowSchema())) {
                return Optional.of(SHADOW);
            }
            if (schema.equals(names.keyLog().schema())) {
                return Optional.of(KEY_LOG);
            }
            return schema.equals(names.retiredSchema()) ? Optional.of(RETIRED) : Optional.empty();
        }
    }

    static Leftovers read(Session session) throws SQLException {
        List<Slot> slots = new ArrayList<>();
        session.query(SLOTS, row -> slot(row).map(slots::add));
        List<Publication> publications = new ArrayList<>();
        session.query(PUBLICATIONS, row -> publication(row).map(publications::add), Journal.MARK_BEGINS);
        return new Leftovers(slots, publications, schemas(session));
    }

    /** These as far as they were there {@code before}, too. */
    Leftovers alsoIn(Leftovers before) {
        return new Leftovers(
                slots.stream()
                        .filter(slot -> before.slots().stream()
                                .anyMatch(other -> other.name().equals(slot.name())))
                        .toList(),
                publications.stream()
                        .filter(publication -> before.publications().stream()
                                .anyMatch(other -> other.mark().equals(publication.mark())))
                        .toList(),
                schemas.stream()
                        .filter(schema -> before.schemas().stream()
                                .anyMatch(other -> other.name().equals(schema.name())
                                        && other.mark().equals(schema.mark())))
                        .toList());
    }

    private static Optional<Slot> slot(ResultSet row) throws SQLException {
        long databaseOid = row.getLong(2);
        @Nullable Integer pid = row.getObject(3, Integer.class);
        long lag = row.getLong(4);
        return SlotName.migrationOf(databaseOid, new Identifier(row.getString(1)))
                .map(migration ->
                        new Slot(SlotName.of(databaseOid, migration), migration, Optional.ofNullable(pid), lag));
    }

    private static Optional<Publication> publication(ResultSet row) throws SQLException {
        Identifier name = new Identifier(row.getString(1));
        String mark = row.getString(2);
        String tables = Optional.ofNullable(row.getString(3)).orElse("no table");
        return Journal.markedBy(mark)
                .map(migration -> new Publication(SlotName.of(0, migration), migration, mark, tables))
                .filter(publication -> publication.name().publication().equals(name));
    }

    private static List<Schema> schemas(Session session) throws SQLException {
        record Found(long oid, Identifier name, String mark) {}
        List<Found> marked = session.query(
                SCHEMAS,
                row -> new Found(row.getLong(1), new Identifier(row.getString(2)), row.getString(3)),
                Journal.MARK_BEGINS);
        List<Schema> schemas = new ArrayList<>();
        for (Found found : marked) {
            Optional<Long> migration = Journal.markedBy(found.mark());
            Optional<Part> part = migration.flatMap(number -> Part.of(found.name(), number));
            if (part.isPresent()) {
                List<Table> tables = session.query(
                        TABLES,
                        row -> new Table(QualifiedName.of(row.getString(1), row.getString(2)), row.getLong(3)),
                        found.oid());
                schemas.add(new Schema(found.name(), part.get(), migration.orElseThrow(), found.mark(), tables));
            }
        }
        return schemas;
    }
}
