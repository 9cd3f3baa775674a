package dev.walshift.engine.plan.dependents;

import dev.walshift.engine.plan.dependents.ForeignKey.Leaf;
import dev.walshift.engine.plan.dependents.ForeignKey.Side;
import dev.walshift.postgres.Identifier;
import dev.walshift.postgres.QualifiedName;
import dev.walshift.postgres.Session;
import dev.walshift.postgres.SqlTemplate;
import dev.walshift.postgres.SqlText;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Empty tables in place of those that a table's foreign keys tie it to. With them a clone has the same foreign keys, and the server itself
 * tells what an ALTER does to them, without a lock on any table of the application.
 */
public final class StandIns {
    private static final SqlTemplate COLUMNS = SqlTemplate.of("""
        SELECT DISTINCT format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                        || COALESCE(' COLLATE ' || quote_ident(n.nspname) || '.' || quote_ident(l.collname), '')
          FROM pg_constraint c
         CROSS JOIN LATERAL (SELECT c.conrelid, unnest(c.conkey) UNION ALL SELECT c.confrelid, unnest(c.confkey))
                    AS k(relation, number)
          JOIN pg_attribute a ON a.attrelid = k.relation AND a.attnum = k.number
          LEFT JOIN pg_collation l ON l.oid = a.attcollation
          LEFT JOIN pg_namespace n ON n.oid = l.collnamespace
         WHERE c.contype = 'f' AND c.conparentid = 0
           AND ?::oid IN (c.conrelid, c.confrelid) AND k.relation = ?::oid
        """);

    private static final SqlTemplate CREATE = SqlTemplate.of("CREATE TABLE {table} ({columns})");
    private static final SqlTemplate ADD_UNIQUE = SqlTemplate.of("ALTER TABLE {table} ADD UNIQUE ({columns})");
    private static final SqlTemplate DROP = SqlTemplate.of("DROP TABLE {table}");
    private static final SqlTemplate OID = SqlTemplate.of("SELECT ?::regclass::oid::bigint");
    private static final String NAME = "walshift_stand_in_";

    private final Session session;
    private final long source;
    private final QualifiedName clone;
    private final long cloneOid;
    /** The tables that they stand for, the clone's among them. */
    private final Map<QualifiedName, Side> real = new LinkedHashMap<>();

    private final List<ForeignKey> present;
    private List<ForeignKey> before = List.of();

    private StandIns(Session session, long source, QualifiedName clone) throws SQLException {
        this.session = session;
        this.source = source;
        this.clone = clone;
        this.cloneOid = session.queryOne(OID, row -> row.getLong(1), clone.sql());
        this.present = ForeignKey.of(session, source);
    }

    /**
     * Gives a clone of a table the table's foreign keys.
     *
     * @param session with search_path pg_catalog
     * @param clone in a schema of our own, where the stand-ins are made too
     */
    public static StandIns make(Session session, long source, QualifiedName clone) throws SQLException {
        StandIns made = new StandIns(session, source, clone);
        for (ForeignKey foreignKey : made.present) {
            made.add(made.standInFor(foreignKey));
        }
        made.before = made.read();
        return made;
    }

    /** For a table that has none yet. */
    static StandIns none(Session session, long source, QualifiedName clone) throws SQLException {
        return new StandIns(session, source, clone);
    }

    /** The table's own. */
    List<ForeignKey> present() {
        return present;
    }

    /** Gives the clone one of the table's, unless the server, for the reason returned, does not make it. */
    Optional<SQLException> give(ForeignKey foreignKey) throws SQLException {
        ForeignKey there = standInFor(foreignKey);
        Optional<SQLException> failure = Trial.failure(session, transaction -> add(there));
        if (failure.isEmpty()) {
            add(there);
        }
        return failure;
    }

    private ForeignKey standInFor(ForeignKey foreignKey) throws SQLException {
        replace(foreignKey.referencing());
        replace(foreignKey.referenced());
        return foreignKey.between(side -> side.at(standIn(side)));
    }

    private QualifiedName standIn(Side side) {
        return side.oid() == source ? clone : new QualifiedName(clone.schema(), new Identifier(NAME + side.oid()));
    }

    private void replace(Side side) throws SQLException {
        QualifiedName standIn = standIn(side);
        if (real.putIfAbsent(standIn, side) == null && !standIn.equals(clone)) {
            List<SqlText> columns = session.query(COLUMNS, row -> new SqlText(row.getString(1)), source, side.oid());
            session.execute(CREATE.with("table", standIn).with("columns", SqlText.list(columns)));
        }
    }

    private void add(ForeignKey foreignKey) throws SQLException {
        if (!foreignKey.referenced().table().equals(clone)) {
            session.execute(ADD_UNIQUE
                    .with("table", foreignKey.referenced().table())
                    .with("columns", foreignKey.uniqueColumns()));
        }
        for (SqlText statement : foreignKey.create()) {
            session.execute(statement);
        }
    }

    /** The clone's, as they are now, between the real tables. */
    private List<ForeignKey> read() throws SQLException {
        return ForeignKey.of(session, cloneOid).stream()
                .map(foreignKey -> foreignKey.between(this::real, leaves(foreignKey)))
                .toList();
    }

    /** The clone may be partitioned where the table is not; a stand-in never is. */
    private Side real(Side side) {
        Side named = real.getOrDefault(side.table(), side);
        return side.of(named, side.table().equals(clone) ? side.partitioned() : named.partitioned());
    }

    private List<Leaf> leaves(ForeignKey foreignKey) {
        Side referencing = real(foreignKey.referencing());
        List<Leaf> now = present.stream()
                .filter(it ->
                        it.name().equals(foreignKey.name()) && it.referencing().oid() == referencing.oid())
                .flatMap(it -> it.leaves().stream())
                .toList();
        return foreignKey.referencing().table().equals(clone)
                ? foreignKey.leaves().stream()
                        .map(leaf -> leaf.in(referencing.table().schema()))
                        .map(leaf -> asNamed(now, leaf))
                        .toList()
                : now;
    }

    /** A part that a partition had before it was attached has a name of its own. */
    private static Leaf asNamed(List<Leaf> now, Leaf leaf) {
        return now.stream()
                .filter(it -> it.table().equals(leaf.table()))
                .findFirst()
                .orElse(leaf);
    }

    /** What the ALTER made of them; takes them, and the stand-ins, away again. */
    public ForeignKeys take() throws SQLException {
        ForeignKeys found = new ForeignKeys(before, read());
        for (ForeignKey foreignKey : ForeignKey.of(session, cloneOid)) {
            session.execute(foreignKey.drop());
        }
        for (QualifiedName standIn : real.keySet()) {
            if (!standIn.equals(clone)) {
                session.execute(DROP.with("table", standIn));
            }
        }
        return found;
    }

    /** What the server says of them, for people: by the names of the real tables. */
    public String unmasked(String message) {
        String unmasked = message;
        for (Map.Entry<QualifiedName, Side> it : real.entrySet()) {
            QualifiedName standIn = it.getKey();
            if (!standIn.equals(clone)) {
                // Plain names of ours, which the server does not quote.
                String plain = standIn.name().name();
                unmasked = unmasked.replace(
                                standIn.schema().name() + '.' + plain,
                                it.getValue().table().sql())
                        .replace(plain, it.getValue().table().sql());
            }
        }
        return unmasked;
    }
}
