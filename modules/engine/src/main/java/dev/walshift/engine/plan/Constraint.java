package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.Optional;

/**
 * A constraint as the catalogs have it.
 *
 * @param oid pg_constraint.oid: another one after an ALTER means that it was made anew, and so checked anew
 * @param definition what follows its name in ADD CONSTRAINT (pg_get_constraintdef)
 * @param validated whether it is known to hold for every row
 * @param enforced false for NOT ENFORCED (18)
 * @param timing DEFERRABLE and INITIALLY DEFERRED, as far as they hold
 */
record Constraint(
        long oid,
        Identifier name,
        Kind kind,
        SqlText definition,
        boolean validated,
        boolean enforced,
        SqlText timing,
        Optional<String> comment) {

    private static final SqlTemplate ADD = SqlTemplate.of("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}");

    /** The statement that gives it to a table. */
    SqlText addTo(SqlPart table) {
        return new SqlText(ADD.with("table", table)
                .with("name", name)
                .with("definition", definition)
                .sql());
    }

    /** Whether rows that break it may be there although none may be added: so a copy of the table can't have it before it is filled. */
    boolean isForNewRowsOnly() {
        return enforced && !validated;
    }

    /** Its kind (pg_constraint.contype). */
    enum Kind {
        CHECK,
        NOT_NULL,
        PRIMARY_KEY,
        UNIQUE,
        EXCLUSION,
        FOREIGN_KEY,
        OTHER;

        static Kind of(String code) {
            return switch (code) {
                case "c" -> CHECK;
                case "n" -> NOT_NULL;
                case "p" -> PRIMARY_KEY;
                case "u" -> UNIQUE;
                case "x" -> EXCLUSION;
                case "f" -> FOREIGN_KEY;
                default -> OTHER;
            };
        }
    }
}
