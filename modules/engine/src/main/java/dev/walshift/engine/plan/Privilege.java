package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.Optional;

/**
 * One right on a table, sequence or column (pg_class.relacl, pg_attribute.attacl).
 *
 * @param grantee who has it; empty for PUBLIC
 * @param grantor who gave it
 * @param right SELECT, INSERT, ...
 * @param grantable whether the grantee may pass it on
 */
record Privilege(Optional<Identifier> grantee, Identifier grantor, String right, boolean grantable) {
    private static final SqlTemplate GRANT = SqlTemplate.of("GRANT {right} ON {object} TO {grantee}{option}");
    private static final SqlTemplate REVOKE = SqlTemplate.of("REVOKE ALL ON {object} FROM {grantee}");

    /** @param object {@code TABLE t} or {@code SEQUENCE s} */
    SqlPart grant(SqlPart object) {
        return grant(new SqlText(right), object);
    }

    /** @param column on which alone it is given */
    SqlPart grantOn(Identifier column, SqlPart object) {
        SqlTemplate ofColumn = SqlTemplate.of("{right} ({column})")
                .with("right", new SqlText(right))
                .with("column", column);
        return grant(ofColumn, object);
    }

    private SqlPart grant(SqlPart what, SqlPart object) {
        return GRANT.with("right", what)
                .with("object", object)
                .with("grantee", role())
                .with("option", new SqlText(grantable ? " WITH GRANT OPTION" : ""));
    }

    /** Takes all that the grantee has. */
    SqlPart revokeAll(SqlPart object) {
        return REVOKE.with("object", object).with("grantee", role());
    }

    private SqlPart role() {
        return grantee.<SqlPart>map(name -> name).orElse(new SqlText("PUBLIC"));
    }

    /** Whether it gives the same right to the same role, whoever gave it. */
    boolean sameRight(Privilege other) {
        return grantee.equals(other.grantee) && right.equals(other.right) && grantable == other.grantable;
    }
}
