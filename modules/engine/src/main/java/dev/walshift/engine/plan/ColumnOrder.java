package dev.walshift.engine.plan;

import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/** Puts the columns of the altered clone into the order that the operator wants. */
final class ColumnOrder {
    private static final SqlTemplate DROP = SqlTemplate.of("DROP TABLE {table}");
    private static final SqlTemplate DISOWN = SqlTemplate.of("ALTER SEQUENCE {sequence} OWNED BY NONE");
    private static final SqlTemplate OWN = SqlTemplate.of("ALTER SEQUENCE {sequence} OWNED BY {table}.{column}");

    private final Session session;
    private final AlteredClone clone;
    private final List<Identifier> wanted;

    ColumnOrder(Session session, AlteredClone clone, List<Identifier> wanted) {
        this.session = session;
        this.clone = clone;
        this.wanted = wanted;
    }

    boolean isAsked() {
        List<Identifier> present = present();
        return !wanted.isEmpty() && !wanted.equals(present);
    }

    private List<Identifier> present() {
        return clone.after().columns().stream().map(Column::name).toList();
    }

    /** Whether it names each column once; a finding if not. */
    boolean isComplete(Findings findings) {
        if (wanted.size() == present().size() && new HashSet<>(wanted).equals(new HashSet<>(present()))) {
            return true;
        }
        findings.problem(
                ProblemCode.WRONG_STATEMENT,
                "the column order %s does not name each column once; after the change the table has %s"
                        .formatted(wanted, present()),
                "Name each column once, by its new name");
        return false;
    }

    /** Creates the clone anew. Returns its oid. */
    long apply() throws SQLException {
        TableModel model = clone.after();
        // A new serial column's sequence would go with the table.
        List<ColumnSequence> serials = model.sequences().stream()
                .filter(sequence -> !sequence.identity())
                .toList();
        for (ColumnSequence serial : serials) {
            session.execute(DISOWN.with("sequence", serial.name()));
        }
        session.execute(DROP.with("table", model.name()));
        List<Column> ordered = new ArrayList<>();
        for (Identifier name : wanted) {
            ordered.add(model.column(name).orElseThrow());
        }
        long oid = new TableWriter(
                        session, model.withColumns(ordered), model.name().schema())
                .create();
        for (ColumnSequence serial : serials) {
            session.execute(OWN.with("sequence", serial.name())
                    .with("table", new SqlText(model.name().sql()))
                    .with("column", serial.column()));
        }
        return oid;
    }
}
