package dev.walshift.engine.plan;

import dev.walshift.engine.plan.dependents.Consent;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A change of one table's schema, as the operator gave it.
 *
 * @param table the table as written ({@code orders}, {@code public.orders}, {@code "My Table"}); empty if {@code clauses} hold
 *     whole ALTER TABLE statements that name it
 * @param clauses what follows {@code ALTER TABLE t}, or the whole statement
 * @param using expressions for columns whose type changes, by column name in the source; in place of a USING in the clauses
 * @param columnOrder the wanted order of the new table's columns, by their new names; empty to leave it
 * @param rebuild whether to write the table anew even where that is not needed, to be rid of bloat
 * @param targetDdl the new table's own DDL, instead of clauses that alter the present one; {@code using} is by its columns then
 * @param consents what the operator agrees to that the swap does to what hangs on the table
 */
public record AlterRequest(
        Optional<String> table,
        List<String> clauses,
        Map<Identifier, String> using,
        List<Identifier> columnOrder,
        boolean rebuild,
        Optional<String> targetDdl,
        Set<Consent> consents) {
    public AlterRequest {
        clauses = List.copyOf(clauses);
        using = Map.copyOf(using);
        columnOrder = List.copyOf(columnOrder);
        consents = Set.copyOf(consents);
    }

    /** Neither a mere rebuild nor one by DDL, that agrees to nothing. */
    public AlterRequest(
            Optional<String> table, List<String> clauses, Map<Identifier, String> using, List<Identifier> columnOrder) {
        this(table, clauses, using, columnOrder, false, Optional.empty(), Set.of());
    }

    /** The same, written anew even where that is not needed. */
    public AlterRequest rebuilding() {
        return new AlterRequest(table, clauses, using, columnOrder, true, targetDdl, consents);
    }

    /** The same with DDL for the new table. */
    public AlterRequest by(String ddl) {
        return new AlterRequest(table, clauses, using, columnOrder, rebuild, Optional.of(ddl), consents);
    }

    /** The same with the operator's consent. */
    public AlterRequest agreeingTo(Set<Consent> all) {
        return new AlterRequest(table, clauses, using, columnOrder, rebuild, targetDdl, all);
    }

    /** The same change in the one form that all requests for it have: the table by its full name, each action a clause. */
    public AlterRequest normalized(QualifiedName fullName) {
        if (targetDdl.isPresent()) {
            return new AlterRequest(
                    Optional.of(fullName.sql()), clauses, using, columnOrder, false, targetDdl, consents);
        }
        List<String> actions = AlterStatement.parse(this).actions().stream()
                .map(AlterAction::sql)
                .toList();
        return new AlterRequest(
                Optional.of(fullName.sql()), actions, Map.of(), columnOrder, rebuild, Optional.empty(), consents);
    }
}
