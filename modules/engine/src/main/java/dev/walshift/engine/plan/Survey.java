package dev.walshift.engine.plan;

import dev.walshift.engine.plan.MigrationPlan.Size;
import dev.walshift.engine.table.Dependents;
import dev.walshift.engine.table.Namesakes;
import dev.walshift.engine.table.RowMapping;
import dev.walshift.engine.table.TableRef;
import java.util.List;
import java.util.Optional;

/**
 * What one look at a table, and at what the operator wants of it, found.
 *
 * @param dependents what hangs on the table, as far as it can be carried over
 * @param namesakes what its definitions could lead to, before any was read
 * @param change what was found out by altering a clone; empty if that could not be done
 */
record Survey(
        TableRef table,
        String statement,
        Size size,
        Strategy strategy,
        List<String> changes,
        Findings findings,
        Dependents dependents,
        Namesakes namesakes,
        Optional<Change> change) {

    /**
     * What the ALTER comes to.
     *
     * @param shadowOid the altered clone, in the order of columns that was asked for
     * @param key empty if none will do
     */
    record Change(AlteredClone altered, long shadowOid, RowMapping mapping, Optional<KeyChoice> key) {}

    /** @param way the strategy to judge by */
    MigrationPlan plan(Strategy way) {
        return new MigrationPlan(table, statement, way, changes, findings.notices(way), findings.problems(way), size);
    }
}
