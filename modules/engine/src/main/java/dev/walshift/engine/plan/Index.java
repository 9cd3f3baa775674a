package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An index as the catalogs have it.
 *
 * @param filenode its file: another one after an ALTER means that it was built anew
 * @param definition what follows the table's name in CREATE INDEX
 * @param keyColumns its key columns, without those of INCLUDE; empty if it has expressions
 * @param valid whether queries use it
 * @param plainKey unique, immediate, a btree without predicate and expressions, and comparing as its columns do
 * @param tablespace if not the database's default
 * @param statistics actions of ALTER INDEX that set statistics targets
 * @param options storage parameters
 * @param constraint the constraint that rests on it
 * @param withoutOverlaps whether it belongs to a constraint that is more than its index (EXCLUDE, WITHOUT OVERLAPS)
 */
record Index(
        long oid,
        long filenode,
        Identifier name,
        boolean unique,
        SqlText definition,
        List<Identifier> keyColumns,
        boolean valid,
        boolean plainKey,
        Optional<Identifier> tablespace,
        Marks marks,
        List<SqlText> statistics,
        List<String> options,
        Optional<String> comment,
        Optional<Constraint> constraint,
        boolean withoutOverlaps) {
    private static final SqlTemplate CREATE = SqlTemplate.of("CREATE {unique}INDEX {name} ON {table} {definition}");
    private static final SqlTemplate PROMOTE =
            SqlTemplate.of("ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name}{timing}");

    Index {
        keyColumns = List.copyOf(keyColumns);
        statistics = List.copyOf(statistics);
        options = List.copyOf(options);
    }

    /**
     * What else it is for.
     *
     * @param clustered CLUSTER orders the table by it
     * @param replicaIdentity it was chosen as replica identity
     * @param partitioned it is a partitioned table's, and holds no entries itself
     * @param parent the partitioned table's index that it is a part of
     * @param extensions those that it is marked to depend on, so that it goes with them
     */
    record Marks(
            boolean clustered,
            boolean replicaIdentity,
            boolean partitioned,
            Optional<Identifier> parent,
            List<Identifier> extensions) {
        Marks {
            extensions = List.copyOf(extensions);
        }
    }

    /** The same as a part of no other index. */
    Index alone() {
        return new Index(
                oid,
                filenode,
                name,
                unique,
                definition,
                keyColumns,
                valid,
                plainKey,
                tablespace,
                new Marks(
                        marks.clustered, marks.replicaIdentity, marks.partitioned, Optional.empty(), marks.extensions),
                statistics,
                options,
                comment,
                constraint,
                withoutOverlaps);
    }

    boolean isPrimaryKey() {
        return constraint.map(Constraint::kind).equals(Optional.of(Constraint.Kind.PRIMARY_KEY));
    }

    Set<Identifier> keySet() {
        return new HashSet<>(keyColumns);
    }

    /** Whether both are unique over the same columns, in whatever order. */
    boolean isTwinOf(Index other) {
        return unique && other.unique && !keyColumns.isEmpty() && keySet().equals(other.keySet());
    }

    /** The statement that builds it, if it can be built without its constraint. */
    Optional<SqlText> create(SqlPart table) {
        if (needsConstraint()) {
            return Optional.empty();
        }
        return Optional.of(new SqlText(CREATE.with("unique", new SqlText(unique ? "UNIQUE " : ""))
                .with("name", name)
                .with("table", alone(table))
                .with("definition", definition)
                .sql()));
    }

    /** Whether only the constraint's own statement can build it. */
    private boolean needsConstraint() {
        return withoutOverlaps || (marks.partitioned() && constraint.isPresent());
    }

    /** Without what is below a partitioned table: those have indexes of their own, with names of their own, to be attached. */
    private SqlPart alone(SqlPart table) {
        return marks.partitioned() ? SqlTemplate.of("ONLY {table}").with("table", table) : table;
    }

    /** The statement that adds its constraint, if it has one. */
    Optional<SqlText> addConstraint(SqlPart table) {
        return constraint.map(it -> needsConstraint() ? it.addTo(alone(table)) : promote(table, it));
    }

    private static SqlText promote(SqlPart table, Constraint it) {
        return new SqlText(PROMOTE.with("table", table)
                .with("name", it.name())
                .with("kind", new SqlText(it.kind() == Constraint.Kind.PRIMARY_KEY ? "PRIMARY KEY" : "UNIQUE"))
                .with("timing", it.timing())
                .sql());
    }
}
