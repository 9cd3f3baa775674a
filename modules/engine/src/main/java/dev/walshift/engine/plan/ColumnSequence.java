package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.List;
import java.util.Optional;

/**
 * A sequence that a column owns.
 *
 * @param identity whether the column is an identity column; otherwise OWNED BY links the two (serial)
 * @param type smallint, integer or bigint
 * @param settings START WITH and so on
 */
record ColumnSequence(
        QualifiedName name,
        Identifier column,
        boolean identity,
        SqlText type,
        SqlText settings,
        Optional<String> comment,
        List<Privilege> privileges) {
    ColumnSequence {
        privileges = List.copyOf(privileges);
    }

    /** The options of an identity column that make it this sequence. */
    SqlPart options() {
        return SqlTemplate.of("SEQUENCE NAME {name} {settings}")
                .with("name", name)
                .with("settings", settings);
    }

    /** The same with other rights on it. */
    ColumnSequence withPrivileges(List<Privilege> others) {
        return new ColumnSequence(name, column, identity, type, settings, comment, others);
    }

    /** The same in another schema. */
    ColumnSequence in(Identifier schema) {
        return new ColumnSequence(name.in(schema), column, identity, type, settings, comment, privileges);
    }
}
