package dev.walshift.engine.plan;

import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlPart;
import dev.walshift.postgres.SqlTemplate;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Gives a new table and its sequences the owner and the access rights of the model, whatever the defaults made of them. */
final class OwnershipWriter {
    private static final SqlTemplate OWNER = SqlTemplate.of("ALTER {object} OWNER TO {owner}");
    private static final SqlTemplate GRANT_SCHEMA = SqlTemplate.of("GRANT CREATE ON SCHEMA {schema} TO {owner}");
    private static final SqlTemplate REVOKE_SCHEMA = SqlTemplate.of("REVOKE CREATE ON SCHEMA {schema} FROM {owner}");
    private static final SqlTemplate CURRENT_USER = SqlTemplate.of("SELECT current_user");
    private static final SqlTemplate OID = SqlTemplate.of("""
        SELECT c.oid::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ? AND c.relname = ?
        """);

    private final Session session;
    private final TableModel model;
    private final QualifiedName table;

    OwnershipWriter(Session session, TableModel model, QualifiedName table) {
        this.session = session;
        this.model = model;
        this.table = table;
    }

    void apply() throws SQLException {
        own();
        SqlPart object = SqlTemplate.of("TABLE {table}").with("table", table);
        grant(table, object, model.relation().privileges());
        for (Column column : model.columns()) {
            for (Privilege privilege : column.privileges()) {
                session.execute(privilege.grantOn(column.name(), object));
            }
        }
        for (ColumnSequence sequence : model.sequences()) {
            if (sequence.identity()) {
                QualifiedName name = sequence.name().in(table.schema());
                grant(name, SqlTemplate.of("SEQUENCE {name}").with("name", name), sequence.privileges());
            }
        }
    }

    /** Gives it the model's owner, and nobody else any right. */
    void applyOwnerAlone() throws SQLException {
        own();
        long oid = session.queryOne(OID, row -> row.getLong(1), table.schema(), table.name());
        SqlPart object = SqlTemplate.of("TABLE {table}").with("table", table);
        Optional<Identifier> owner = Optional.of(model.relation().owner());
        Set<Optional<Identifier>> done = new HashSet<>(Set.of(owner));
        for (Privilege privilege : PrivilegeReader.ofRelation(session, oid)) {
            if (done.add(privilege.grantee())) {
                session.execute(privilege.revokeAll(object));
            }
        }
    }

    /** A new owner must be allowed to create objects in the schema, if it is not a superuser who asks. */
    private void own() throws SQLException {
        Identifier owner = model.relation().owner();
        Identifier we = new Identifier(session.queryOne(CURRENT_USER, row -> row.getString(1)));
        Set<Identifier> others = new LinkedHashSet<>(Set.of(owner));
        model.statistics().forEach(statistics -> others.add(statistics.owner()));
        others.remove(we);
        for (Identifier other : others) {
            session.execute(GRANT_SCHEMA.with("schema", table.schema()).with("owner", other));
        }
        if (!owner.equals(we)) {
            session.execute(OWNER.with("object", SqlTemplate.of("TABLE {table}").with("table", table))
                    .with("owner", owner));
        }
        for (Statistics statistics : model.statistics()) {
            if (!statistics.owner().equals(we)) {
                SqlPart object = SqlTemplate.of("STATISTICS {name}")
                        .with("name", statistics.name().in(table.schema()));
                session.execute(OWNER.with("object", object).with("owner", statistics.owner()));
            }
        }
        for (Identifier other : others) {
            session.execute(REVOKE_SCHEMA.with("schema", table.schema()).with("owner", other));
        }
    }

    private void grant(QualifiedName relation, SqlPart object, List<Privilege> wanted) throws SQLException {
        long oid = session.queryOne(OID, row -> row.getLong(1), relation.schema(), relation.name());
        List<Privilege> present = PrivilegeReader.ofRelation(session, oid);
        if (sameRights(present, wanted)) {
            return;
        }
        Set<Optional<Identifier>> done = new HashSet<>();
        for (Privilege privilege : present) {
            if (done.add(privilege.grantee())) {
                session.execute(privilege.revokeAll(object));
            }
        }
        for (Privilege privilege : wanted) {
            session.execute(privilege.grant(object));
        }
    }

    static boolean sameRights(List<Privilege> some, List<Privilege> others) {
        return some.size() == others.size()
                && some.stream().allMatch(one -> others.stream().anyMatch(one::sameRight));
    }
}
