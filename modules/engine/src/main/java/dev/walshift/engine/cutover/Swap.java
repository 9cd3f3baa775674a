package dev.walshift.engine.cutover;

import dev.walshift.engine.table.Blueprint;
import dev.walshift.engine.table.Blueprint.HomedStatistics;
import dev.walshift.engine.table.OwnedSequence;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.ArrayList;
import java.util.List;

/** Exchanges the tables: both keep their name and change their schema, so indexes, constraints and sequences keep theirs. */
final class Swap {
    private static final SqlTemplate MOVE_TABLE = SqlTemplate.of("ALTER TABLE {table} SET SCHEMA {schema}");
    private static final SqlTemplate MOVE_STATISTICS = SqlTemplate.of("ALTER STATISTICS {name} SET SCHEMA {schema}");
    /** Gives the sequence a new file, so that the setval after it is taken back with the transaction. */
    private static final SqlTemplate RESTART = SqlTemplate.of("ALTER SEQUENCE {sequence} RESTART");

    private static final SqlTemplate TAKE_VALUE =
            SqlTemplate.of("SELECT setval({to}::regclass, last_value, is_called) FROM {from}");

    private Swap() {}

    /**
     * All of it, to be run in one go in the transaction that holds ACCESS EXCLUSIVE on the source. Made before the lock is taken, so that
     * under it there are few round trips.
     */
    static List<SqlPart> statements(Blueprint table) {
        Identifier home = table.source().name().schema();
        List<SqlPart> statements = new ArrayList<>(table.dependents().detach());
        // Before the values are read, since it locks the identity sequences: from here on nextval by name waits, and
        // their value stands
        // still.
        statements.add(MOVE_TABLE.with("table", table.source().name()).with("schema", table.retiredSchema()));
        for (QualifiedName partition : table.sourceTree().below()) {
            statements.add(MOVE_TABLE.with("table", partition).with("schema", table.retiredSchema()));
        }
        for (QualifiedName statistics : table.statistics().source()) {
            statements.add(MOVE_STATISTICS.with("name", statistics).with("schema", table.retiredSchema()));
        }
        for (OwnedSequence sequence : identities(table)) {
            statements.add(RESTART.with("sequence", sequence.shadow()));
            statements.add(TAKE_VALUE
                    .with("to", SqlText.literal(sequence.shadow().sql()))
                    .with("from", sequence.source().in(table.retiredSchema())));
        }
        statements.add(MOVE_TABLE.with("table", table.shadow()).with("schema", home));
        for (QualifiedName partition : table.partitions().tables()) {
            statements.add(MOVE_TABLE.with("table", partition).with("schema", home));
        }
        for (HomedStatistics statistics : table.statistics().shadow()) {
            statements.add(MOVE_STATISTICS.with("name", statistics.name()).with("schema", statistics.home()));
        }
        statements.addAll(table.atSwap());
        statements.addAll(table.dependents().attach());
        return statements;
    }

    private static List<OwnedSequence> identities(Blueprint table) {
        return table.sequences().stream()
                .filter(sequence -> sequence.kind() == OwnedSequence.Kind.IDENTITY)
                .toList();
    }
}
