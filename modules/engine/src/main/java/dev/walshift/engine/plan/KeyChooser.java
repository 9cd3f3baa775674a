package dev.walshift.engine.plan;

import static java.util.stream.Collectors.toSet;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.engine.table.IdentityKey;
import dev.walshift.engine.table.KeyColumn;
import dev.walshift.engine.table.ReplicaIdentity;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Chooses the identity key.
 *
 * <p>It must be what the WAL tells of an updated or deleted row: with another key, a change of the key would not carry the old
 * one, and a publication's column list that leaves out the replica identity would make the application's UPDATEs fail.
 */
final class KeyChooser {
    private static final SqlTemplate CAST = SqlTemplate.of("CAST({column} AS {type})");
    private static final SqlTemplate CAST_COLLATE = SqlTemplate.of("CAST({column} AS {type}) COLLATE {collation}");
    private static final String GIVE_KEY =
            "Create a unique index on NOT NULL columns (CREATE UNIQUE INDEX CONCURRENTLY; no predicate, no"
                    + " expressions)";

    private final AlteredClone clone;
    private final ExpressionProbe expressions;
    private final Findings findings;

    /** @param expressions over the source's columns */
    KeyChooser(AlteredClone clone, ExpressionProbe expressions, Findings findings) {
        this.clone = clone;
        this.expressions = expressions;
        this.findings = findings;
    }

    /** The key, or else the reasons why there is none among the findings. */
    Optional<KeyChoice> choose() throws SQLException {
        List<Index> candidates = candidates();
        if (candidates.isEmpty()) {
            findings.shadowProblem(
                    ProblemCode.NO_IDENTITY_KEY,
                    "table %s has no key that tells its rows apart"
                            .formatted(clone.source().name()),
                    GIVE_KEY);
        }
        List<Problem> reasons = new ArrayList<>();
        for (Index candidate : candidates) {
            List<Problem> why = objections(candidate);
            if (why.isEmpty()) {
                return Optional.of(choice(candidate));
            }
            reasons.addAll(why);
        }
        reasons.forEach(reason -> findings.shadowProblem(reason.code(), reason.message(), reason.remedy()));
        return Optional.empty();
    }

    private List<Index> candidates() {
        if (clone.sourceTree().isPartitioned()) {
            // What the WAL tells is the partitions' to say, and they can be told.
            return unique();
        }
        ReplicaIdentity identity = clone.source().relation().replicaIdentity();
        Optional<Index> primary = clone.source().primaryKey().filter(this::isUsable);
        return switch (identity.kind()) {
            case INDEX ->
                identity.index().flatMap(clone.source()::index).filter(this::isUsable).stream()
                        .toList();
            case DEFAULT -> primary.map(List::of).orElseGet(this::unique);
            case FULL, NOTHING -> unique();
        };
    }

    private List<Index> unique() {
        return clone.source().indexes().stream()
                .filter(this::isUsable)
                .sorted(Comparator.comparing((Index index) -> !index.isPrimaryKey())
                        .thenComparingInt(index -> index.keyColumns().size())
                        .thenComparing(index -> index.name().name()))
                .toList();
    }

    private boolean isUsable(Index index) {
        return index.plainKey() && index.valid() && columns(index).allMatch(column -> column.notNull());
    }

    private Stream<Column> columns(Index index) {
        return index.keyColumns().stream()
                .map(name -> clone.source().column(name).orElseThrow());
    }

    private List<Problem> objections(Index candidate) throws SQLException {
        List<Problem> objections = new ArrayList<>();
        for (Column column : columns(candidate).toList()) {
            objection(candidate, column).ifPresent(objections::add);
        }
        if (objections.isEmpty() && target(candidate).isEmpty()) {
            objections.add(new Problem(
                    ProblemCode.NO_IDENTITY_KEY,
                    "after the change no unique index is left on the columns of %s, by which rows are told apart"
                            .formatted(candidate.name()),
                    clone.tree().isPartitioned() && !clone.sourceTree().isPartitioned()
                            ? "Give the new table a primary key, or another unique index, with the columns %s first and the partition key after them"
                                    .formatted(SqlText.list(candidate.keyColumns()))
                            : "Keep that index or make another on the same columns in the same ALTER TABLE"));
        }
        return objections;
    }

    private Optional<Problem> objection(Index candidate, Column column) throws SQLException {
        String key = "column %s of the identity key %s".formatted(column.name(), candidate.name());
        if (column.isGenerated()) {
            return Optional.of(new Problem(
                    ProblemCode.NO_IDENTITY_KEY,
                    key + " is generated, which the change stream does not carry",
                    GIVE_KEY));
        }
        Optional<Column> target = clone.targetOf(column.name());
        if (target.isEmpty()) {
            return Optional.of(new Problem(
                    ProblemCode.NO_IDENTITY_KEY,
                    key + " is dropped",
                    "Give the table another key first: a unique index on NOT NULL columns that stay, "
                            + "made its replica identity"));
        }
        Column to = target.orElseThrow();
        if (!KeyConversion.isOneToOne(column, to)) {
            return Optional.of(new Problem(
                    ProblemCode.UNSUPPORTED_CHANGE,
                    "%s changes from %s to %s, which could make two keys one"
                            .formatted(key, column.typeWithCollation(), to.typeWithCollation()),
                    "Tell rows apart by another key meanwhile: a unique index on NOT NULL columns whose type stays, "
                            + "made the table's replica identity"));
        }
        return isConverted(column, to)
                ? Optional.of(new Problem(
                        ProblemCode.UNSUPPORTED_CHANGE,
                        "the USING expression of %s is not the plain conversion".formatted(key),
                        "Leave out USING, or tell rows apart by another key meanwhile"))
                : Optional.empty();
    }

    /** Whether a USING makes more of it than a cast. */
    private boolean isConverted(Column from, Column to) throws SQLException {
        Expression using = clone.using().get(to.number());
        return using != null
                && !using.sql().equals(expressions.read(cast(from, to)).sql())
                && !using.sql().equals(expressions.read(from.name()).sql());
    }

    private Optional<Index> target(Index candidate) {
        Set<Identifier> names = columns(candidate)
                .map(column -> clone.targetOf(column.name()).orElseThrow().name())
                .collect(toSet());
        return clone.after().indexes().stream()
                .filter(index -> index.plainKey() && index.valid() && tellsApart(index, names))
                .min(Comparator.comparing((Index index) -> !index.isPrimaryKey()));
    }

    /**
     * A unique index of a partitioned table has the partition key too. That rows have keys of their own follows from the source's index
     * then; this one finds them, as the key comes first, and keeps a row from being there twice.
     */
    private boolean tellsApart(Index index, Set<Identifier> key) {
        if (!clone.tree().isPartitioned()) {
            return index.keySet().equals(key);
        }
        return index.keyColumns().size() >= key.size()
                && Set.copyOf(index.keyColumns().subList(0, key.size())).equals(key);
    }

    private KeyChoice choice(Index index) {
        List<KeyColumn> key = columns(index).map(this::keyColumn).toList();
        return new KeyChoice(new IdentityKey(key), index, target(index).orElseThrow());
    }

    private KeyColumn keyColumn(Column column) {
        Column target = clone.targetOf(column.name()).orElseThrow();
        SqlTemplate cast = cast(column, target);
        SqlTemplate mapped = target.collation()
                .map(collation -> CAST_COLLATE
                        .with("column", column.name())
                        .with("type", target.type())
                        .with("collation", collation))
                .orElse(cast);
        return new KeyColumn(column.name(), column.typeWithCollation(), target.name(), new SqlText(mapped.sql()));
    }

    private static SqlTemplate cast(Column from, Column to) {
        return CAST.with("column", from.name()).with("type", to.type());
    }
}
