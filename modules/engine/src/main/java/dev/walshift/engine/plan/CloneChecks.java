package dev.walshift.engine.plan;

import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.table.OwnedSequence;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What is found wrong only when the altered clone is seen. */
final class CloneChecks {
    private static final SqlTemplate HAS_ROWS = SqlTemplate.of("SELECT EXISTS (SELECT FROM {table})");

    /** Names that the swap would bring into the source's schema, where others have them. */
    private static final SqlTemplate TAKEN = SqlTemplate.of("""
        WITH tree AS (
             SELECT c.oid, c.relnamespace, c.reltype
               FROM pg_class c
              WHERE c.oid = ?::oid OR c.oid IN (SELECT relid FROM pg_partition_tree(?::oid::regclass))),
        home AS (SELECT DISTINCT relnamespace FROM tree)
        SELECT c.relname
          FROM pg_class c
          JOIN home USING (relnamespace)
         WHERE c.relname = ANY (?::text[]) AND c.oid NOT IN (SELECT oid FROM tree)
           AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indexrelid = c.oid AND i.indrelid IN (SELECT oid FROM tree))
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND c.relkind = 'S'
                              AND d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM tree)
                              AND d.deptype IN ('a', 'i'))
        UNION
        SELECT t.typname
          FROM pg_class clone
          JOIN pg_type row_type ON row_type.oid = clone.reltype
          JOIN pg_type array_type ON array_type.oid = row_type.typarray
          JOIN home ON true
          JOIN pg_type t ON t.typnamespace = home.relnamespace AND t.typname IN (row_type.typname, array_type.typname)
         WHERE clone.oid = ANY (?::oid[])
           AND t.oid NOT IN (SELECT reltype FROM tree)
           AND t.oid NOT IN (SELECT s.typarray FROM pg_type s JOIN tree ON tree.reltype = s.oid)
        UNION
        SELECT x.stxname
          FROM pg_statistic_ext x
          JOIN home ON x.stxnamespace = home.relnamespace
         WHERE x.stxname = ANY (?::text[]) AND x.stxrelid NOT IN (SELECT oid FROM tree)
        """);

    private final Session session;
    private final AlteredClone clone;
    private final Findings findings;

    CloneChecks(Session session, AlteredClone clone, Findings findings) {
        this.session = session;
        this.clone = clone;
        this.findings = findings;
    }

    void check() throws SQLException {
        checkNewColumns();
        checkNames();
        checkSequences();
        noticeIndexes();
        noticeGrantors();
    }

    /** The server fills an empty clone without complaint. */
    private void checkNewColumns() throws SQLException {
        List<Column> unfilled = clone.after().columns().stream()
                .filter(column -> column.notNull()
                        && !column.hasValue()
                        && !clone.written().containsKey(column.number())
                        && clone.sourceOf(column).isEmpty())
                .toList();
        if (!unfilled.isEmpty()
                && session.queryOne(HAS_ROWS.with("table", clone.source().name()), row -> row.getBoolean(1))) {
            for (Column column : unfilled) {
                findings.problem(
                        ProblemCode.WRONG_STATEMENT,
                        "new column %s is NOT NULL, but nothing gives the present rows a value"
                                .formatted(column.name()),
                        "Add a DEFAULT, or add it without NOT NULL");
            }
        }
    }

    /** The new table and what is below it. */
    private Stream<TableModel> allTables() {
        return clone.tablesAfter().stream();
    }

    private void checkNames() throws SQLException {
        String[] names = allTables()
                .flatMap(CloneChecks::relations)
                .map(Identifier::name)
                .toArray(String[]::new);
        Long[] tables = allTables().map(table -> table.relation().oid()).toArray(Long[]::new);
        String[] statistics = allTables()
                .flatMap(table -> table.statistics().stream())
                .filter(it -> clone.homeOf(it).equals(clone.source().name().schema()))
                .map(it -> it.name().name().name())
                .toArray(String[]::new);
        long source = clone.source().relation().oid();
        for (String name : session.query(TAKEN, row -> row.getString(1), source, source, names, tables, statistics)) {
            findings.shadowProblem(
                    ProblemCode.UNSUPPORTED_CHANGE,
                    "schema %s already has something called %s, a name that the changed table needs"
                            .formatted(clone.source().name().schema(), name),
                    "Give what the change adds a name of its own: ADD CONSTRAINT name ...");
        }
    }

    /** What goes over with a table, by name: itself, its indexes and sequences. */
    private static Stream<Identifier> relations(TableModel table) {
        Stream<Identifier> parts = Stream.concat(
                table.indexes().stream().map(Index::name),
                table.sequences().stream().map(sequence -> sequence.name().name()));
        return Stream.concat(Stream.of(table.name().name()), parts);
    }

    /** A serial's sequence stays itself, and so keeps its name from a new identity column's. */
    private void checkSequences() {
        SequenceHandover handover = new SequenceHandover(clone);
        for (OwnedSequence sequence : handover.sequences()) {
            Identifier name = sequence.source().name();
            boolean taken = sequence.kind() == OwnedSequence.Kind.SERIAL
                    && clone.after().sequences().stream()
                            .anyMatch(added -> added.name().name().equals(name));
            if (taken) {
                findings.shadowProblem(
                        ProblemCode.UNSUPPORTED_CHANGE,
                        "the change makes a sequence %s, which is the name of the sequence that the column has already"
                                .formatted(name),
                        "Name the new one: GENERATED ... AS IDENTITY (SEQUENCE NAME ...)");
            }
        }
        handover.sequences().stream()
                .flatMap(sequence -> sequence.widening().stream())
                .forEach(widening -> findings.shadowNotice(
                        "with its column, the sequence is widened too, which ALTER TABLE does not do: " + widening));
    }

    private void noticeIndexes() {
        clone.sourceTables().stream()
                .flatMap(table -> table.indexes().stream())
                .filter(index -> !index.valid())
                .forEach(index ->
                        findings.shadowNotice("index %s is invalid and is not carried over".formatted(index.name())));
    }

    private void noticeGrantors() {
        clone.sourceTables().forEach(this::noticeGrantors);
    }

    private void noticeGrantors(TableModel table) {
        List<Privilege> privileges = new ArrayList<>(table.relation().privileges());
        table.columns().forEach(column -> privileges.addAll(column.privileges()));
        for (Privilege privilege : privileges) {
            if (!privilege.grantor().equals(table.relation().owner())) {
                findings.shadowNotice("%s granted by %s will count as granted by the owner"
                        .formatted(privilege.right(), privilege.grantor()));
            }
        }
    }
}
