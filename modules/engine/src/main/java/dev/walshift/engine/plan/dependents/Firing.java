package dev.walshift.engine.plan.dependents;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.util.Optional;

/** When a trigger or a rule fires (pg_trigger.tgenabled, pg_rewrite.ev_enabled). */
enum Firing {
    /** As CREATE makes it. */
    ORIGIN("O", ""),
    REPLICA("R", "ENABLE REPLICA"),
    ALWAYS("A", "ENABLE ALWAYS"),
    NEVER("D", "DISABLE");

    private static final SqlTemplate ALTER = SqlTemplate.of("ALTER TABLE {table} {firing} {kind} {name}");

    private final String code;
    private final String sql;

    Firing(String code, String sql) {
        this.code = code;
        this.sql = sql;
    }

    static Firing of(String code) {
        for (Firing firing : values()) {
            if (firing.code.equals(code)) {
                return firing;
            }
        }
        throw new IllegalStateException("the server says that a trigger or rule is enabled " + code);
    }

    /** Makes a new one fire then, if it does not by itself. */
    Optional<SqlPart> set(SqlText kind, Identifier name, QualifiedName table) {
        return this == ORIGIN
                ? Optional.empty()
                : Optional.of(ALTER.with("table", table)
                        .with("firing", new SqlText(sql))
                        .with("kind", kind)
                        .with("name", name));
    }
}
