package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.Problem;
import dev.walshift.engine.ProblemCode;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Whether foreign keys can be dropped and made anew: by the server, and by us. */
final class ForeignKeyChecks {
    private static final SqlTemplate ROLE = SqlTemplate.of("SELECT current_user");
    private static final SqlTemplate MAY_REFERENCE = SqlTemplate.of("""
        SELECT has_table_privilege(c.oid, 'REFERENCES')
               OR (SELECT bool_and(has_column_privilege(c.oid, k.name, 'REFERENCES')) FROM unnest(?::text[]) AS k(name))
          FROM pg_class c WHERE c.oid = ?::oid
        """);
    /** Since then a partitioned table may have a NOT VALID one. */
    private static final int NOT_VALID_ON_PARTITIONED = 18;

    private static final int MAINTAIN_PRIVILEGE = 17;

    private final Session session;
    private final List<ForeignKey> present;
    private final List<ForeignKey> wanted;
    private final List<TiedTable> others;
    private final List<Problem> problems = new ArrayList<>();

    /**
     * @param present those to be dropped
     * @param wanted those to be made
     * @param others the tables beside the one that is migrated
     */
    ForeignKeyChecks(Session session, List<ForeignKey> present, List<ForeignKey> wanted, List<TiedTable> others) {
        this.session = session;
        this.present = present;
        this.wanted = wanted;
        this.others = others;
    }

    private record Circumstances(Identifier role, int major) {}

    List<Problem> problems() throws SQLException {
        Circumstances circumstances = new Circumstances(
                session.queryOne(ROLE, row -> new Identifier(row.getString(1))), session.serverMajor());
        for (ForeignKey foreignKey : present) {
            checkTriggers(foreignKey);
            checkOwner(foreignKey, circumstances.role());
        }
        for (ForeignKey foreignKey : wanted) {
            checkPartitioned(foreignKey, circumstances.major());
            checkReferences(foreignKey, circumstances.role());
        }
        for (TiedTable other : others) {
            checkLock(other, circumstances);
        }
        return problems;
    }

    private void unsupported(String message, String remedy) {
        problems.add(new Problem(ProblemCode.UNSUPPORTED_DEPENDENT, message, remedy));
    }

    private void missing(String message, String remedy) {
        Problem problem = new Problem(ProblemCode.MISSING_PRIVILEGE, message, remedy);
        if (!problems.contains(problem)) {
            problems.add(problem);
        }
    }

    private static String describe(ForeignKey foreignKey) {
        return "foreign key %s of table %s"
                .formatted(foreignKey.name(), foreignKey.referencing().table());
    }

    /** The new ones would be enabled, and refuse what somebody wanted to get through. */
    private void checkTriggers(ForeignKey foreignKey) {
        if (!foreignKey.enabled()) {
            unsupported(
                    "triggers of %s are disabled, or set to REPLICA or ALWAYS, which this release does not carry over"
                            .formatted(describe(foreignKey)),
                    "Enable them for the time of the migration (ALTER TABLE ... ENABLE TRIGGER ALL), on both tables");
        }
    }

    private void checkPartitioned(ForeignKey foreignKey, int major) {
        if (foreignKey.referencing().partitioned() && major < NOT_VALID_ON_PARTITIONED) {
            unsupported(
                    "%s can't be made without looking at all its rows under the swap's lock: before PostgreSQL 18 a partitioned table takes no NOT VALID foreign key"
                            .formatted(describe(foreignKey)),
                    "Drop it and add it again after the migration, if that is acceptable");
        }
    }

    private void checkOwner(ForeignKey foreignKey, Identifier role) {
        Optional<TiedTable> referencing = other(foreignKey.referencing().oid());
        referencing.filter(table -> !table.owned()).ifPresent(table -> {
            Identifier owner = new Identifier(table.owner());
            missing(
                    "role %s does not own table %s, whose foreign key %s has to be made anew"
                            .formatted(role, table.name(), foreignKey.name()),
                    "GRANT %s TO %s".formatted(owner.sql(), role.sql()));
        });
    }

    private Optional<TiedTable> other(long oid) {
        return others.stream().filter(table -> table.oid() == oid).findFirst();
    }

    private void checkReferences(ForeignKey foreignKey, Identifier role) throws SQLException {
        ForeignKey.Side referenced = foreignKey.referenced();
        Optional<TiedTable> other = other(referenced.oid());
        if (other.isEmpty()) {
            return;
        }
        String[] columns = referenced.columns().stream().map(Identifier::name).toArray(String[]::new);
        if (!session.queryOne(MAY_REFERENCE, row -> row.getBoolean(1), columns, referenced.oid())) {
            missing(
                    "role %s may not reference table %s, which foreign key %s does"
                            .formatted(role, referenced.table(), foreignKey.name()),
                    "GRANT REFERENCES ON %s TO %s".formatted(referenced.table(), role.sql()));
        }
    }

    private void checkLock(TiedTable other, Circumstances circumstances) {
        if (!other.reachable()) {
            missing(
                    "role %s may not use schema %s, where a foreign key ties table %s to the one that is changed"
                            .formatted(circumstances.role(), other.name().schema(), other.name()),
                    "GRANT USAGE ON SCHEMA %s TO %s"
                            .formatted(
                                    other.name().schema().sql(),
                                    circumstances.role().sql()));
        }
        if (!other.lockable()) {
            missing(
                    "role %s may not lock table %s, which the swap has to, since a foreign key ties it to the one that is changed"
                            .formatted(circumstances.role(), other.name()),
                    "GRANT %s ON %s TO %s"
                            .formatted(
                                    circumstances.major() < MAINTAIN_PRIVILEGE ? "UPDATE" : "MAINTAIN",
                                    other.name(),
                                    circumstances.role().sql()));
        }
    }
}
