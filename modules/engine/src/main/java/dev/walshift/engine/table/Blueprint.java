package dev.walshift.engine.table;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What is made of one table: all that the stages need to know, kept in the journal, so that a restarted process goes on with the
 * same plan.
 *
 * @param source the table to change, as it was planned for
 * @param sourceTree where its rows are
 * @param shadow its successor while it is filled
 * @param retiredSchema where the source goes in the swap
 * @param partitions of the shadow, if it is partitioned
 * @param keyLog where its changed keys are kept
 * @param key identifies a row in both
 * @param mapping makes the shadow's rows
 * @param indexes are built after the copy, in this order
 * @param finishing statements for what rests on the indexes (comments, CLUSTER mark, replica identity, ...), run after them
 * @param atSwap statements for the swap's transaction, after the shadow and the sequences have moved: they name the table's final
 *     schema (autovacuum as the source has it, a serial's sequence widened with its column)
 * @param dependents what hangs on the table, and goes over to the new one in the swap
 * @param sequences change hands in the swap
 * @param statistics names of extended statistics, which SET SCHEMA of a table leaves behind
 * @param fingerprint of the source's catalog entries: differs when somebody else changed the table
 * @param namesakes what else than now the definitions could come to mean, when they are read again
 */
public record Blueprint(
        TableRef source,
        SourceTree sourceTree,
        QualifiedName shadow,
        Partitions partitions,
        Identifier retiredSchema,
        QualifiedName keyLog,
        IdentityKey key,
        RowMapping mapping,
        List<IndexDefinition> indexes,
        List<SqlText> finishing,
        List<SqlText> atSwap,
        Dependents dependents,
        List<OwnedSequence> sequences,
        StatisticsNames statistics,
        String fingerprint,
        Namesakes namesakes) {
    private static final SqlTemplate ONLY = SqlTemplate.of("ONLY {table}");

    public Blueprint {
        indexes = List.copyOf(indexes);
        finishing = List.copyOf(finishing);
        atSwap = List.copyOf(atSwap);
        sequences = List.copyOf(sequences);
    }

    /** The extended statistics of the source, wherever they are, and of the shadow, in its schema. */
    public record StatisticsNames(List<QualifiedName> source, List<HomedStatistics> shadow) {
        public StatisticsNames {
            source = List.copyOf(source);
            shadow = List.copyOf(shadow);
        }
    }

    /**
     * Extended statistics of the shadow.
     *
     * @param home the schema that the swap puts them into, which need not be the table's
     */
    public record HomedStatistics(QualifiedName name, Identifier home) {}

    public boolean hasPartitions() {
        return !partitions.tables().isEmpty();
    }

    /** The tables that hold the shadow's rows. */
    public List<QualifiedName> heaps() {
        return hasPartitions() ? partitions.leaves() : List.of(shadow);
    }

    /** All tables that are the migration's own, the key log among them. */
    public List<QualifiedName> ownTables() {
        List<QualifiedName> tables = new ArrayList<>(List.of(shadow, keyLog));
        tables.addAll(partitions.tables());
        return tables;
    }

    /** Whether a unique or exclusion constraint can be checked late; ON CONFLICT does not work with those. */
    public boolean hasDeferrableConstraint() {
        return indexes.stream()
                .flatMap(index -> index.constraint().stream())
                .anyMatch(constraint -> constraint.sql().matches("(?s).*(?<!NOT )DEFERRABLE.*"));
    }

    /** The source's name after the swap. */
    public QualifiedName retired() {
        return source.name().in(retiredSchema);
    }

    /** What stands behind FROM to read all rows of the source. */
    public SqlText sourceRows() {
        return sourceTree.hasPartitions()
                ? new SqlText(source.name().sql())
                : new SqlText(ONLY.with("table", source.name()).sql());
    }

    /**
     * The same plan for the source's present files.
     *
     * @param filenodes of its heaps, in their order
     */
    public Blueprint withFilenodes(List<Long> filenodes) {
        List<SourceHeap> heaps = IntStream.range(0, filenodes.size())
                .mapToObj(i -> sourceTree.heaps().get(i).withFilenode(filenodes.get(i)))
                .toList();
        return with(new SourceTree(sourceTree.below(), heaps), sequences);
    }

    /** The same plan for other sequences, or for the same ones that have changed hands. */
    public Blueprint withSequences(List<OwnedSequence> present) {
        return with(sourceTree, present);
    }

    private Blueprint with(SourceTree tree, List<OwnedSequence> owned) {
        return new Blueprint(
                source,
                tree,
                shadow,
                partitions,
                retiredSchema,
                keyLog,
                key,
                mapping,
                indexes,
                finishing,
                atSwap,
                dependents,
                owned,
                statistics,
                fingerprint,
                namesakes);
    }
}
